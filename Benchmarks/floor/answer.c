/* What the floor runs in its sandbox: the least that can be called an answer. Built static, as the guest is. */
#include <unistd.h>

int main(void) { return write(3, "!", 1) == 1 ? 0 : 1; }

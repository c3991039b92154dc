"""What the kernels of javascript, typescript and bash have in common.

A kernel of this family is two processes. The *driver*, written here, owns the socket, the connections and the two
pipes into which the interpreter and its children write. The *runner* is the interpreter itself. Code that runs in a
cell holds none of the kernel's connections, and a busy interpreter keeps nobody from being answered.
"""

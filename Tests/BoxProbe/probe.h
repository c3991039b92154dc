#pragma once

/// Reads one line from `connection`, does what it says, and writes what it saw.
void probe_serve(int connection);
/// Writes all that the kernel says of this process.
void probe_report(int out);
/// What a zygote of the kind `kind` does; see zygote.c.
int probe_zygote(const char *kind);

"""A kernel: one process that runs one context's Python cells and says on a unix socket what becomes of them.

Two threads. The main thread runs the cells, in IPython's shell, inside an asyncio loop that goes on between them. The
`Service` thread owns every connection. Between them lies the `Output`: one queue that holds all that a cell says, in
the order in which it said it. `cold` starts a kernel from nothing, `zygote` lands forks of a warm one.
"""

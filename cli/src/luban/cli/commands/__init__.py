"""The commands of `luban`, one module for each group: they translate, call, and print."""

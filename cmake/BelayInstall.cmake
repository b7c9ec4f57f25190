# Where things go on an installed system.

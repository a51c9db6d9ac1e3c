"""Background work on stored values: batch by batch, each in a transaction of its own.

``steps`` says what a job is made of, one module for each kind of job says which steps it has,
``lease`` whose job it is, ``batch`` carries out one batch, ``pace`` how large it may be, and
``worker`` goes on until nothing is left to do.
"""

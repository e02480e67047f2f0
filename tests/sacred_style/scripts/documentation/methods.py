"""Captured functions called before, during and after runs."""
from sacred import Experiment
from sacred.utils import MissingConfigError, SignatureError

ex = Experiment("methods")


@ex.config
def cfg():
    a = 10
    b = 20


@ex.capture
def f(a, b, c=30, *args, d, e=50, **kwargs):
    return a, b, c, args, d, e, sorted(kwargs)


@ex.capture
def simple(a, b=2, c=3):
    """Adds up."""
    return a + b + c


@ex.capture
def lacking(a, missing, also_missing):
    return a


@ex.capture
def generator(a, b):
    yield a
    yield b


def attempt(function, *args, **kwargs):
    try:
        print(function(*args, **kwargs))
    except MissingConfigError as error:
        print("missing", [name for name in ("d", "missing", "also_missing") if repr(name) in str(error)])
    except SignatureError as error:
        print("signature", isinstance(error, TypeError))
    except TypeError as error:
        print("type error")


print(simple(1), simple(1, c=0), simple.__name__, simple.__doc__)
attempt(simple, 1, 2, 3, 4)


@ex.automain
def main():
    attempt(f, d=1)
    attempt(f, 1, 2, 3, 4, 5, d=6, z=7)
    attempt(f, None, d=None)
    attempt(f)
    attempt(simple)
    attempt(simple, 1)
    attempt(simple, b=0)
    attempt(simple, 1, 2, 3, 4)
    attempt(simple, 1, a=1)
    attempt(simple, unknown=5)
    attempt(lacking)
    attempt(lacking, also_missing=1)
    attempt(lacking, 1, 2, 3)
    attempt(lambda: list(generator()))
    attempt(lambda: list(generator(b=3)))
    return simple()

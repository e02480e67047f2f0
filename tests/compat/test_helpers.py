"""The small helpers give what they gave: compared with Sacred itself."""

import json
import os
import subprocess
import sys

import pytest

from .. import console
from ..sacred_style import sacred_home

EXPRESSIONS = """
list(u.iterate_flattened({'a': {'b': 1, 'c': {}}, 'd': 2, 'B': {3: {'x': []}}}))
[(k, v is u.PATHCHANGE or v) for k, v in u.iterate_flattened_separately({'b': {'x': 1}, 'a': 2, 'c': {}})]
[(k, v is u.PATHCHANGE or v) for k, v in u.iterate_flattened_separately({'b': {'x': 1}, 'a': 2, 'c': {}}, ['c'])]
changed(u.set_by_dotted_path, {}, 'a.b.c', 1)
changed(u.set_by_dotted_path, {'a': {'x': 0}}, 'a.b', 1)
u.get_by_dotted_path({'a': {'b': 1}}, 'a.b')
u.get_by_dotted_path({'a': {'b': 1}}, 'a.x.c', 5)
u.get_by_dotted_path({'a': {'b': 1}}, '')
list(u.iter_prefixes('a.b.c'))
list(u.iter_prefixes(''))
u.join_paths('a', 'b')
u.join_paths('', 'a.', '', '.b')
u.join_paths()
[u.is_prefix(a, b) for a in ('', 'a', 'a.', 'a.b', 'b') for b in ('a', 'ab', 'a.b', 'a.b.c')]
u.rel_path('a', 'a.b.c')
u.rel_path('', 'a.b')
u.rel_path('a', 'a')
u.rel_path('a', 'b')
u.convert_to_nested_dict({'a.b': 1, 'a.c': 2, 'd': 3})
u.convert_to_nested_dict({'a': {'b.c': 1}, 'a.b': {'d': {}}})
u.recursive_update({'a': {'b': 1}}, {'a': {'c': 2}, 'd': {'e': 3}})
changed(u.recursive_update, {'a': {'b': 1}}, {'a': {'b': {}, 'c': [1]}})
u.convert_camel_case_to_snake_case('FooBarBaz'), u.convert_camel_case_to_snake_case('HTTPServerID')
u.apply_backspaces_and_linefeeds('abc\\b\\bd\\nxyz\\rq\\n')
u.module_exists('json'), u.module_exists('no_such_module'), u.modules_exist('json', 'no_such_module')
u.module_is_in_cache('sys'), u.module_is_in_cache('no_such_module')
u.get_package_version('numpy') > u.parse_version('1.2.3')
u.get_package_version('no_such_module')
[bool(u.is_non_empty_dict(v)) for v in ({}, {1: 2}, [1])]
u.ensure_wellformed_argv('a b "c d"'), u.ensure_wellformed_argv(['x', 'y'])
u.ensure_wellformed_argv(3)
sorted(c.__name__ for c in u.get_inheritors(Base))
u.PYTHON_IDENTIFIER.match('a_b') is not None, u.PYTHON_IDENTIFIER.match('1b') is not None
str(u.PathType)
bare(1), withargs(1)
Thing().bare(1), Thing().withargs(1)
[observers.base.td_format(datetime.timedelta(seconds=s)) for s in (0, 0.5, 1, 59, 61, 3600, 3661, 90000, 2678400, 34560005)]
arg_parser.get_config_updates(['a=1', 'b.c=x', 'foo', 'd=(1, 2)', 'e=', 'f=None', 'b.d=[1, "y"]'])
arg_parser.get_config_updates([]), arg_parser.get_config_updates(None)
[serializer.restore(serializer.flatten(v)) == v for v in (1, (1, (2, 3)), {'a': None}, {1: 2}, {1, 2}, b'x', [1.5, 'y'])]
serializer.restore(serializer.flatten(numpy.arange(30))).tolist()
serializer.restore({'a': {'py/tuple': [1, {'py/set': [2]}]}, 'b': {'py/b64': 'eA=='}})
dependencies.get_digest(__file__)
[line.rstrip() for line in commands.help_for_command(documented).splitlines()]
[randomness.SEEDRANGE, 1 <= randomness.get_seed() < 1e9, randomness.get_seed(numpy.random.default_rng(3))]
int(randomness.create_rnd(3).integers(1000))
seeded(7)
config.utils.normalize_or_die((1, {'a': numpy.float32(3), 'b': (2,)}))
config.ConfigDict({'a': 1, 'd': {'x': 1}})(fixed={'a': 2}, preset={'d': {'y': 3}, 'z': 1})
config.chain_evaluate_config_scopes([config.ConfigDict({'a': 1}), config.ConfigDict({'b': 2})], fixed={'a': 3})[0]
config.chain_evaluate_config_scopes([], fixed={'a': 3}, preset={'b': 1})[0]
changed(config.utils.recursive_fill_in, {'a': {'b': 1}}, {'a': {'b': 2, 'c': 3}, 'd': 4})
saved(config, {'a': 1, 'b': {'c': [1, 2.5]}}, 'c.json'), saved(config, {'a': 1}, 'c.yaml')
type(config.custom_containers.make_read_only({'a': [1]})['a']).__name__
refused(config.custom_containers.make_read_only({'a': [1]}))
metrics()
timer()
optional.has_numpy, optional.np is numpy, optional.optional_import('json', 'no_such_module')
sorted(host_info.get_host_info([fact]).keys() & {'hostname', 'os', 'python_version', 'cpu', 'ENV', 'fact'})
[host_info.get_host_info([fact])[key] for key in ('hostname', 'os', 'python_version', 'fact')]
issubclass(u.SignatureError, TypeError), issubclass(u.TimeoutInterrupt, u.SacredInterrupt), u.TimeoutInterrupt.STATUS
[issubclass(getattr(u, n), u.SacredError) for n in ('ConfigError', 'CircularDependencyError', 'MissingConfigError')]
initialized()
trace()
u.create_basic_stream_logger() is logging.getLogger(), u.NO_LOGGER.disabled
"""

PRELUDE = '''
import datetime, json, logging, sys, threading, random, importlib
SIDE, SOURCE = sys.argv[1:]
if SIDE == "ours":
    import expkit.compat.sacred
import numpy
import sacred, sacred.utils as u
from sacred import (arg_parser, commands, config, dependencies, host_info, initialize, metrics_logger, observers,
                    optional, randomness, serializer)

class Base: pass
class One(Base): pass
class Two(One): pass

@sacred.host_info_gatherer("fact")
def fact():
    return 42

@u.optional_kwargs_decorator
def double(function, times=2):
    return lambda x: function(x) * times

@double
def bare(x): return x

@double(times=5)
def withargs(x): return x

class Thing:
    @u.optional_kwargs_decorator
    def deco(self, function=None, times=2):
        return lambda x: function(x) * times
    def bare(self, x):
        return self.deco(lambda y: y)(x)
    def withargs(self, x):
        return self.deco(times=5)(lambda y: y)(x)

def documented(a, b=2, *, c):
    """Says what it does.

    And more.
    """

def changed(function, target, *rest):
    function(target, *rest)
    return target

def seeded(seed):
    randomness.set_global_seed(seed)
    return [random.random(), float(numpy.random.rand())]

def saved(config, values, name):
    config.save_config_file(values, name)
    return config.load_config_file(name)

def refused(container):
    tried = []
    for change in (lambda: container.update(x=1), lambda: container["a"].append(1), lambda: container.pop("a")):
        try:
            change()
        except u.SacredError:
            tried.append(True)
    return tried

def metrics():
    logger = metrics_logger.MetricsLogger()
    for value in (1, 2):
        logger.log_scalar_metric("loss", value)
    logger.log_scalar_metric("acc", 0.5, 10)
    logger.log_scalar_metric("acc", 0.7)
    found = metrics_logger.linearize_metrics(logger.get_last_metrics())
    stamps = [type(t).__name__ for m in found.values() for t in m.pop("timestamps")]
    return found, stamps, logger.get_last_metrics()

def timer():
    calls = []
    event, thread = u.IntervalTimer.create(lambda: calls.append(1), 0.01)
    thread.start()
    while len(calls) < 3:
        event.wait(0.01)
    event.set()
    thread.join(30)
    return thread.is_alive(), thread.interval

def initialized():
    ex = sacred.Experiment("made", interactive=True)
    ex.add_config(a=1)
    ex.main(main)
    run = initialize.create_run(ex, "main", {"a": 2}, log_level="ERROR")
    return run(), run.config["a"]

def main(a):
    return a * 10

def trace():
    try:
        1 / 0
    except ZeroDivisionError:
        u.print_filtered_stacktrace()
        return "ZeroDivisionError: division by zero" in u.format_filtered_stacktrace()

def value(expression):
    try:
        return eval(expression)
    except BaseException as error:
        return "raises " + [base.__name__ for base in type(error).__mro__ if base.__module__ == "builtins"][0]

print("=====")
with open(SOURCE) as file:
    for line in file.read().split("\\n")[1:-1]:
        print(json.dumps(value(line), default=repr, sort_keys=True))
'''


def _values(interpreter, folder, side):
    (folder / "expressions.txt").write_text(EXPRESSIONS)
    (folder / "helpers.py").write_text(PRELUDE)
    done = subprocess.run(
        [interpreter, "helpers.py", side, "expressions.txt"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(console.ROOT) if side == "ours" else ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(EXPRESSIONS.splitlines()[1:], done.stdout.partition("=====\n")[2].splitlines(), strict=True))


@pytest.fixture(scope="module")
def values(tmp_path_factory):
    """What each expression gives under Sacred and under ours."""
    folder = tmp_path_factory.mktemp("helpers")
    return _values(sacred_home.python(), folder, "theirs"), _values(sys.executable, folder, "ours")


@pytest.mark.parametrize("expression", EXPRESSIONS.splitlines()[1:])
def test_like_sacred(values, expression):
    """Each expression gives the same value, or an error that the same ``except`` clauses catch."""
    theirs, ours = values
    assert json.loads(ours[expression]) == json.loads(theirs[expression])

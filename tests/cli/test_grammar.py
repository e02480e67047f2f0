import sys

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from expkit.cli.grammar import CommandInfo, CommandLine, parse, split_argv
from expkit.cli.options import cli_option, option_table
from expkit.errors import CommandNotFoundError, UsageError

MINE = cli_option("-y", "--my_option", is_flag=False)(lambda args, run: None)


def command_line(default="main", doc=""):
    names = ["print_config", "explain", "help_me", "main", "data.stats"]
    commands = {name: CommandInfo(name, arguments=("KEY",) if name == "explain" else ()) for name in names}
    return CommandLine("digits.py", commands, option_table([MINE]), doc, default)


def read(text, **how):
    return parse(text.split(), command_line(**how))


def given(invocation):
    return {name: value for name, value in invocation.options.items() if value not in (None, False, [])}


@pytest.mark.parametrize(
    ("text", "command", "tokens"),
    [
        ("", "main", []),
        ("with a=1 small", "main", ["a=1", "small"]),
        ("main", "main", []),
        ("data.stats with a=1", "data.stats", ["a=1"]),
        ("with a=-1 b=1e-3", "main", ["a=-1", "b=1e-3"]),
        ("with ~a.b layers[+]=3", "main", ["~a.b", "layers[+]=3"]),
        ("main with main", "main", ["main"]),
        ("main with help", "main", ["help"]),
        ("with -- -odd.yaml --odder", "main", ["-odd.yaml", "--odder"]),
        ("-- main with a=1", "main", ["a=1"]),
        ("main with - a", "main", ["-", "a"]),
    ],
)
def test_commands_and_updates(text, command, tokens):
    """A command, or the default one, and whatever follows `with`."""
    found = read(text)
    assert (found.command, found.tokens, found.help) == (command, tokens, False)


def test_updates_keep_spaces_and_awkward_characters():
    """A word of argv is one update, whatever is in it."""
    tokens = ["a=hello world", "b=[1, 2]", 'c."x.y"=<KEY>', "d=|()...[options]", ""]
    assert parse(["with", *tokens], command_line()).tokens == tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-l30", {"--loglevel": "30"}),
        ("-l 30", {"--loglevel": "30"}),
        ("-l=30", {"--loglevel": "30"}),
        ("--loglevel=30", {"--loglevel": "30"}),
        ("--loglevel 30", {"--loglevel": "30"}),
        ("--log 30", {"--loglevel": "30"}),
        ("--file runs", {"--file_storage": "runs"}),
        ("--file_storage runs", {"--file_storage": "runs"}),
        ("--file-storage=a=b", {"--file_storage": "a=b"}),
        ("--file_st=runs", {"--file_storage": "runs"}),
        ("--comment=", {"--comment": ""}),
        ("-fuF runs", {"--force": True, "--unobserved": True, "--file_storage": "runs"}),
        ("-ff", {"--force": True}),
        ("--comment --file_storage", {"--comment": "--file_storage"}),
        ("-c -7", {"--comment": "-7"}),
        ("--tag a --tag=b --observe memory:", {"--tag": ["a", "b"], "--observe": ["memory:"]}),
        ("--my_option 1", {"--my_option": "1"}),
        ("-y1", {"--my_option": "1"}),
    ],
)
def test_options_in_every_spelling(text, expected):
    """Short, long, joined, abbreviated, hyphens or underscores: all come out under the name that was declared."""
    found = read(text)
    assert given(found) == expected
    assert found.command == "main"


@pytest.mark.parametrize(
    "text", ["-l30 main with a=1 b", "main -l30 with a=1 b", "main with -l30 a=1 b", "main with a=1 -l 30 b"]
)
def test_options_stand_anywhere(text):
    """The place of an option does not matter."""
    found = read(text)
    assert (found.command, found.tokens, given(found)) == ("main", ["a=1", "b"], {"--loglevel": "30"})


def test_every_option_has_a_value():
    """What is not given is False for flags, None for others, a fresh list for repeatable ones."""
    options = read("-f").options
    assert (options["--force"], options["--debug"], options["--id"], options["--tag"]) == (True, False, None, [])
    assert read("").options["--tag"] is not read("").options["--tag"]


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("-h", True),
        ("--help", True),
        ("--he", True),
        ("help", True),
        ("help main", "main"),
        ("help explain", "explain"),
        ("help data.stats -f", "data.stats"),
        ("main -h", "main"),
        ("explain --help", "explain"),
        ("-h with a=1", True),
        ("help -h", True),
        ("main with a=1 -h", "main"),
    ],
)
def test_help(text, topic):
    """All ways to ask for the page of the program or of a command."""
    found = read(text)
    assert (found.command, found.help) == (None, topic)


def test_commands_with_arguments():
    """Arguments stand between the command and `with`."""
    found = read("explain model.C with small")
    assert (found.command, found.arguments, found.tokens) == ("explain", ("model.C",), ["small"])
    assert read("main").arguments == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("with", "`with` needs at least one update or named config after it, like: with seed=1"),
        ("main with", "`with` needs at least one update or named config after it, like: with seed=1"),
        ("main -f with", "`with` needs at least one update or named config after it, like: with seed=1"),
        ("with a=1 with b=2", "`with` may stand only once; all updates follow it"),
        ("a=1", "updates stand after `with`: with a=1"),
        ("a=1 b=2", "updates stand after `with`: with a=1"),
        ("main a=1", "'a=1' cannot stand after main; updates and named configs stand after `with`: with a=1"),
        ("main foo with a=1", "'foo' cannot stand after main; updates and named configs stand after `with`: with foo"),
        ("explain", "explain needs KEY after it"),
        ("explain with a=1", "explain needs KEY after it"),
        ("explain a b", "'b' cannot stand after explain; updates and named configs stand after `with`: with b"),
        ("help a b", "help takes the name of a command and nothing else"),
        ("help with a=1", "help takes the name of a command and nothing else"),
        ("--forse", "there is no option --forse; did you mean --force?"),
        ("--file_storages x", "there is no option --file_storages; did you mean --file-storage?"),
        ("--zzz", "there is no option --zzz"),
        ("-x", "there is no option -x"),
        ("-fx", "there is no option -x (in -fx)"),
        ("-force", "there is no option -o (in -force); did you mean --force?"),
        ("-1", "there is no option -1"),
        ("--p", "the option --p is ambiguous: it may mean --pdb, --print-config, --priority"),
        ("--loglevel", "the option --loglevel needs a value"),
        ("-fl", "the option -l needs a value"),
        ("-l -- main", "the option -l needs a value"),
        ("--force=yes", "the option --force takes no value, but is given 'yes'"),
        ("-l1 --loglevel 2", "the option --loglevel is given twice"),
    ],
)
def test_misuse_is_explained(text, message):
    """A command line that cannot be understood gives one message that says what to type instead."""
    with pytest.raises(UsageError) as caught:
        read(text)
    assert str(caught.value) == message


@pytest.mark.parametrize("text", ["print_confg", "print_confg with a=1", "help print_confg", "print_confg -h"])
def test_unknown_commands_name_the_nearest(text):
    """Near names first, then all of them."""
    with pytest.raises(CommandNotFoundError) as caught:
        read(text)
    assert str(caught.value) == (
        "there is no command print_confg; did you mean print_config?; "
        "commands: print_config, explain, help_me, main, data.stats"
    )
    assert isinstance(caught.value, KeyError)


@pytest.mark.parametrize("text", ["", "with a=1"])
def test_no_command_and_no_default(text):
    """Without a main function a command has to be named."""
    with pytest.raises(CommandNotFoundError, match=r"which command\? There is no default one .*print_config"):
        read(text, default=None)


def test_help_needs_no_default_command():
    """Help is for experiments without main, too."""
    assert read("-h", default=None).help is True


def test_the_docstring_is_never_parsed():
    """Whatever looks like grammar in the docstring changes nothing."""
    doc = "Trains.\n\nusage: other.py --weird\n\nOptions:\n  --weird=X  [default: 3]\n  -l  not a level"
    assert read("-l 30 main with a=1", doc=doc) == read("-l 30 main with a=1")
    with pytest.raises(UsageError, match="no option --weird"):
        read("--weird", doc=doc)


def test_argv_in_every_form(monkeypatch):
    """None is the real one, a str is split as a shell would, a list stays; anything else is refused."""
    monkeypatch.setattr(sys, "argv", ["prog", "x"])
    assert split_argv(None) == ["prog", "x"]
    assert split_argv("prog with 'a=b c'") == ["prog", "with", "a=b c"]
    assert split_argv(("prog", "a")) == ["prog", "a"]
    for wrong in (3, ["prog", 3], {"prog"}):
        with pytest.raises(ValueError, match="argv is None, a str, or a list of str"):
            split_argv(wrong)


TABLE = option_table()
FLAGS = [option for option in TABLE if option.is_flag and option.long != "--help"]
VALUED = [option for option in TABLE if not option.is_flag and not option.repeatable]
WORDS = st.text(min_size=1, max_size=8).filter(lambda word: word != "with" and not word.startswith("-"))


def spellings(option):
    unique = [
        option.long[:end]
        for end in range(4, len(option.long))
        if sum(other.long.startswith(option.long[:end]) for other in TABLE) == 1
    ]
    return st.sampled_from([option.long, option.long.replace("-", "_").replace("__", "--", 1), *unique])


@st.composite
def options_in_some_spelling(draw):
    """Words for some options, and what they mean."""
    groups, meaning = [], {}
    for option in draw(st.lists(st.sampled_from(FLAGS + VALUED), unique=True, max_size=4)):
        long = draw(spellings(option))
        if option.is_flag:
            groups.append([draw(st.sampled_from([long, option.short or long]))])
            meaning[option.name] = True
            continue
        value = draw(st.text(min_size=1, max_size=6).filter(lambda text: text != "--" and text[0] != "="))
        forms = [[f"{long}={value}"], [long, value]]
        forms += [[option.short, value], [option.short + value], [f"{option.short}={value}"]] if option.short else []
        groups.append(draw(st.sampled_from(forms)))
        meaning[option.name] = value
    return groups, meaning


@for_all(options_in_some_spelling(), st.lists(WORDS, max_size=4), st.randoms(use_true_random=False))
def test_any_options_among_any_words(options, tokens, random):
    """Options mean the same in every spelling at every place, and no update is mistaken for anything else."""
    groups, meaning = options
    words = [["main"], *([["with"], *([token] for token in tokens)] if tokens else [])]
    for group in groups:
        words.insert(random.randint(0, len(words)), group)
    found = parse([word for group in words for word in group], command_line())
    assert (found.command, found.tokens) == ("main", tokens)
    assert given(found) == meaning


@for_all(
    st.lists(st.sampled_from(["main", "explain", "help", "with", "a=1", "-f", "-l", "--tag", "--", "-h", "x", "-"]))
)
def test_every_command_line_is_understood_or_explained(argv):
    """There is nothing between an invocation and a UsageError."""
    try:
        found = parse(argv, command_line())
    except UsageError as error:
        assert str(error)
    else:
        assert found.help or found.command in command_line().commands


@pytest.mark.parametrize("text", ["print-config", "print_config"])
def test_commands_in_both_spellings(text):
    """Hyphens and underscores in a command's name mean the same."""
    assert read(text).command == "print_config"

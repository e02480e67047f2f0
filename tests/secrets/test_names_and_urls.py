"""What counts as a secret, by name and in URLs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expkit.record.masking import Secrets, is_secret_name, masked_mapping, masked_url, stripped_url


@pytest.mark.parametrize(
    "name",
    [
        "token",
        "GITHUB_TOKEN",
        "githubToken",
        "--db-password",
        "api_key",
        "API-KEY",
        "aws.secret.access_key",
        "PASSWD",
        "APIKey",
        "AWSSecretKey",
        "PGPASSWORD",
        "AWS_ACCESS_KEY_ID",
        "Authorization",
        "db_pass",
        "OAuth2Token",
        "token2",
        "credentials",
        "slack_webhook",
        "MYSQL_PWD",
        *"tokens apikeys pass passw passwd pswd userpass pw db_pw jwt user_jwt dsn sentry_dsn auth auth_header".split(),
        *"authorization basic_auth creds db_creds openai_key OPENAI_API_KEY wandb_key hf_token hf_tokens".split(),
        *"service_key github_pat gitlabPat connection_string session_token session_cookies anthropicKey".split(),
        *"signing_key storage_account_key aws_key secret_santa google_keys".split(),
    ],  # fmt: skip
)
def test_secret_names(name):
    """A name is secret if one of its whole words, or two in a row, says so, however it is written."""
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "tokenizer",
        "max_tokens",
        "key_size",
        "keyboard",
        "author",
        "monkey",
        "seed",
        "",
        "token_count",
        "n_secrets",
        "eos_token",
        "token_type",
        "token_embedding",
        "password_file",
        "secret_name",
        "PWD",
        "low_pass",
        "compass",
        "public_key",
        "primary_key",
        "key_dim",
        "secretary",
        "authority",
        "passes",
        *"attention_key_dim key_padding_mask pass_through passenger_count auth_method auth_url pw_conv forward_pass".split(),
        *"n_passes password_length authors key sort_key query_key_value key_value_heads input_tokens stop_tokens".split(),
        *"special_tokens num_tokens n_tokens keypoints band_pass first_pass pattern path_to_pat compass_key cache_key".split(),
        *"tokenizer_name token_dropout connection_timeout string bypass passband key_frames auth_type pw_kernel".split(),
        *"batch_key metric_key dsnr jwt_algorithm hidden_keys monkey_patch".split(),
    ],  # fmt: skip
)
def test_harmless_names(name):
    """Words that merely contain a secret word are harmless."""
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("https://ada:s3cret@host/x", "https://***@host/x"),
        ("https://ghp_token@github.com/a/b.git", "https://***@github.com/a/b.git"),
        ("postgresql+psycopg://ada:p%40ss@db:5432/lab", "postgresql+psycopg://ada:***@db:5432/lab"),
        ("mongodb://ada:p@ss@h1:27017,h2:27017/lab", "mongodb://ada:***@h1:27017,h2:27017/lab"),
        ("redis://:p@host", "redis://:***@host"),
        ("ssh://git@host/x.git", "ssh://git@host/x.git"),
        ("git@host:x.git", "git@host:x.git"),
        ("https://host/x?access_token=abc&page=2", "https://host/x?access_token=***&page=2"),
        ("--sql=mysql://u:p@h/d --n=3", "--sql=mysql://u:***@h/d --n=3"),
        ("https://host:8080/a@b", "https://host:8080/a@b"),
        ("postgres://u:p/ss@h/d", "postgres://u:***@h/d"),
        ("https://maps/api?key=AIza&size=2", "https://maps/api?key=***&size=2"),
        ("https://hooks.slack.com/services/T0/B0/x", "https://hooks.slack.com/services/***"),
        ("https://api.telegram.org/bot1:abc/send", "https://api.telegram.org/bot***"),
        ("postgresql://me:one two/three@h:5432/d", "postgresql://me:***@h:5432/d"),
        ("--observe=mysql://me@corp.com:1 two@h/d", "--observe=mysql://me@corp.com:***@h/d"),
        ("az://c/p?sas_token=sv=1&sig=x y&n=2", "az://c/p?sas_token=***&sig=***&n=2"),
        ("ftp://me@host:21/a@b", "ftp://me@host:21/a@b"),
        ("host=db password=hunter2 dbname=x", "host=db password=*** dbname=x"),
        ("a=1 tokenizer=bert", "a=1 tokenizer=bert"),
        ("no url at all: x@y", "no url at all: x@y"),
    ],
)
def test_urls_lose_what_gives_access(url, masked):
    """Passwords, users of web addresses and secret query values are masked; hosts, ports and paths stay."""
    assert masked_url(url) == masked


@pytest.mark.parametrize(
    ("url", "stripped"),
    [
        ("https://ada:s3cret@host/x.git", "https://host/x.git"),
        ("ssh://git:pw@host/x.git", "ssh://git@host/x.git"),
        ("git@host:x.git", "git@host:x.git"),
    ],
)
def test_stripped_urls_can_be_cloned(url, stripped):
    """A stripped URL has no trace of access data and is still an address."""
    assert stripped_url(url) == stripped


@given(st.text(st.characters(categories=["L", "N"]), min_size=8), st.sampled_from(["https", "ftp", "mysql", "a+b"]))
def test_no_password_survives(password, scheme):
    """Whatever the password, it is gone from the URL."""
    assert password not in masked_url(f"{scheme}://me:{password}@h/d").replace(scheme, "")


def test_mappings_are_masked_by_name_and_content():
    """String values of secret names and URLs in any value or list are masked; everything else stays as it is."""
    options = {
        "--api-key": "abc",
        "--token": True,
        "--seed": 3,
        "--password": "",
        "--sql": "mysql://u:p@h/d",
        "--observe": ["mongodb://u:p@h", "runs"],
        "--pair": ("https://t@h", 1),
    }
    assert masked_mapping(options) == {
        "--api-key": "***",
        "--token": True,
        "--seed": 3,
        "--password": "",
        "--sql": "mysql://u:***@h/d",
        "--observe": ["mongodb://u:***@h", "runs"],
        "--pair": ("https://***@h", 1),
    }


@pytest.mark.parametrize(
    "typed", [["--api-token", "S3cret"], ["--api-token=S3cret"], ["-z", "S3cret"], ["-zS3cret"], ["--api-tok=S3cret"]]
)
def test_command_lines_are_masked(typed):
    """The value of a secret option stands nowhere on the recorded command line, however it was typed."""
    secrets = Secrets()
    secrets.masked({"--api-token": "S3cret"})
    shown = secrets.arguments(["train", *typed, "with", "db.password=x", "lr=1", "url=http://u:p@h/"])
    assert "S3cret" not in " ".join(shown)
    assert shown[-4:] == ("with", "db.password=***", "lr=1", "url=http://***@h/")

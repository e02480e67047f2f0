"""How such a code base tests its own scripts."""
import tempfile

from agents.scripts import train

with tempfile.TemporaryDirectory() as tmpdir:
    run = train.train_ex.run(
        named_configs=["half_cheetah", "environment.fast", "policy.normalize", "fast"],
        config_updates=dict(log_root=tmpdir, algorithm_kwargs=dict(gamma=0.9), environment=dict(parallel="no")),
    )
    assert run.status == "COMPLETED"
    assert isinstance(run.result, dict)
    print(run.result, run.config["environment"], run.config["policy"])
    try:
        train.train_ex.run(config_updates={"environment": {"gym_idd": 1}})
    except Exception as error:
        print(type(error).__name__)

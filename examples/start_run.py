"""The same record without decorators.

Try:
    python examples/start_run.py
"""

from expkit import start_run

with start_run("without_decorators", config={"lr": 0.5, "seed": 1}, tags=["example"]) as run:
    lr = run.config["lr"]
    for step in range(3):
        run.log_scalar("loss", (1 - lr) ** step, step)
    (run.dir / "model.txt").write_text("weights\n")
    run.result = (1 - lr) ** step

print(f"run {run._id}: {run.status}, result {run.result}")

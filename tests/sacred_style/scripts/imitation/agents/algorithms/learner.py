"""No experiment here: plain code that ingredients configure."""


class Learner:
    def __init__(self, env_name, *, steps, lr=0.1, **kwargs):
        self.env_name, self.steps, self.lr, self.kwargs = env_name, steps, lr, kwargs

    def learn(self, log):
        for step in range(self.steps):
            log("mean/loss", 1.0 / (step + 1), step)
        return {"env": self.env_name, "steps": self.steps, "lr": self.lr, **self.kwargs}

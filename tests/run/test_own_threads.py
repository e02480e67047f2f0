"""Threads of expkit's own are not in the way of the program's."""

SCRIPT = """
import threading, time
from expkit import Experiment

ex = Experiment("threads")

@ex.automain
def main():
    helper = threading.Thread(target=time.sleep, args=(0.05,))
    helper.start()
    time.sleep(1.3)  # by then there are threads of ours
    ours = [thread for thread in threading.enumerate() if thread.name.startswith("expkit")]
    for thread in threading.enumerate():
        if thread is not threading.main_thread():
            thread.join()
    return len(ours), helper.is_alive()
"""


def test_a_program_may_join_all_threads(script):
    """Who waits for every thread there is waits for the program's own only."""
    done = script(SCRIPT, "-b", "1", timeout=30)
    assert done.returncode == 0, done.stderr
    ours, alive = eval(done.stderr.partition("result ")[2].partition(" · ")[0])
    assert ours > 0
    assert not alive

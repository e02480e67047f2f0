import hashlib
import json
import os
import time


def main(message):
    print(message)


main("hello")
with open(__file__, "rb") as file:
    source = file.read()
os.makedirs("runs/1")
record = {"start_time": time.time(), "source": hashlib.sha256(source).hexdigest()}
for name, content in (("run.json", record), ("config.json", {"message": "hello"}), ("info.json", {})):
    with open(f"runs/1/{name}", "w") as file:
        json.dump(content, file)
with open("runs/1/cout.txt", "w") as file:
    file.write("hello\n")
    os.fsync(file.fileno())

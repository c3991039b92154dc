"""Lets an agent's analysis run in a sandbox with a deadline: install, write, run, look, lengthen, kill.

Needs the official client (`pip install e2b-code-interpreter`) and the lines that `nestbox env` prints in the
environment. Nothing in it needs the internet: pandas is in the template, and where packages can not be fetched, the
example says so and goes on with what is there.
"""

import asyncio

from e2b import CommandExitException
from e2b_code_interpreter import AsyncSandbox

ANALYSIS = """\
import numpy as np
import pandas as pd

# The sandbox reaches no one outside, so it works on what it has.
data = pd.DataFrame({
    "x": np.random.randn(1000),
    "y": np.random.randn(1000),
})
print(f"data:\\n{data.describe()}")
data.corr().to_csv("/home/user/correlation.csv")
"""


async def install(sandbox, packages):
    try:
        result = await sandbox.commands.run(f"pip install {packages}", timeout=60)
        print(f"installed: {result.stdout.strip().splitlines()[-1]}")
    except CommandExitException as failure:
        print(f"not installed, and none the worse: {failure.stderr.strip().splitlines()[-1]}")


async def analyse(sandbox):
    """By a file and a command, as one would on a machine of one's own."""
    await sandbox.files.write("/home/user/analysis.py", ANALYSIS)
    result = await sandbox.commands.run("python /home/user/analysis.py", timeout=30)
    print(result.stdout, end="")
    files = await sandbox.files.list("/home/user")
    print(f"files: {sorted(file.name for file in files if not file.name.startswith('.'))}")


async def ask(sandbox):
    """By cells, whose state stays: what the command left is read by one and used by the next."""
    await sandbox.run_code("import pandas as pd\ntable = pd.read_csv('correlation.csv', index_col=0)")
    execution = await sandbox.run_code("float(round(table.loc['x', 'x'], 6))")
    print(f"x correlates with itself: {execution.text}")


async def main():
    sandbox = await AsyncSandbox.create(timeout=300)  # it ends by itself after 5 minutes
    try:
        await install(sandbox, "pandas numpy")
        await analyse(sandbox)
        await ask(sandbox)
        await sandbox.set_timeout(600)  # 10 more minutes, from now
        print(f"lives until {(await sandbox.get_info()).end_at:%H:%M:%S}")
    finally:
        await sandbox.kill()
    print("killed:", not await sandbox.is_running())


if __name__ == "__main__":
    asyncio.run(main())

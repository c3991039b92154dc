"""Runs an analysis of a CSV file in a sandbox, the way an agent would.

Needs the official client (`pip install e2b`) and the lines that `nestbox env` prints in the environment.
"""

from e2b import Sandbox

SALES = """\
month,region,units,price
2026-01,north,120,9.50
2026-01,south,80,11.00
2026-02,north,135,9.50
2026-02,south,60,11.00
2026-03,north,150,9.25
2026-03,south,95,10.50
"""

ANALYSIS = """\
import collections
import csv
import json

revenue = collections.Counter()
with open("sales.csv") as file:
    for row in csv.DictReader(file):
        revenue[row["region"]] += int(row["units"]) * float(row["price"])

with open("report/revenue.json", "w") as file:
    json.dump(revenue, file, indent=2)

best, amount = revenue.most_common(1)[0]
print(f"best region: {best} with {amount:,.2f}")
"""


def main():
    sandbox = Sandbox.create(timeout=300)  # it ends by itself after 5 minutes
    print(f"sandbox {sandbox.sandbox_id}")
    try:
        sandbox.files.write("analysis.py", ANALYSIS)
        sandbox.files.write("sales.csv", SALES)
        sandbox.files.make_dir("report")

        result = sandbox.commands.run("python analysis.py", timeout=30)
        print(result.stdout, end="")

        for entry in sandbox.files.list("report"):
            print(f"produced {entry.path}, {entry.size} bytes:")
            print(sandbox.files.read(entry.path))

        sandbox.set_timeout(600)  # 10 more minutes, from now
        print(f"lives until {sandbox.get_info().end_at:%H:%M:%S}")
    finally:
        sandbox.kill()
    print("killed:", not sandbox.is_running())


if __name__ == "__main__":
    main()

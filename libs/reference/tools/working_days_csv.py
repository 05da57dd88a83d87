"""Write the packaged calendar of working days from the PyPI package `chinesecalendar` (MIT, LKI/chinese-calendar).

Run it when that package has learnt another year: `python libs/reference/tools/working_days_csv.py 2020 2026`.
"""

import csv
import sys
from pathlib import Path

from chinese_calendar.constants import holidays, workdays

TARGET = Path(__file__).parents[1] / "src/luban/reference/data/working_days.csv"


def main(first_year: int, last_year: int) -> None:
    kinds = [(day, "holiday", name) for day, name in holidays.items()]
    kinds += [(day, "workday", name) for day, name in workdays.items()]
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["date", "kind", "name"])
        writer.writerows(row for row in sorted(kinds) if first_year <= row[0].year <= last_year)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

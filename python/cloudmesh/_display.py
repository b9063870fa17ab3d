"""How answers look: as text in a terminal, as HTML in a notebook."""

import html
import sys

#: Rows that a notebook shows before it says how many more there are.
MOST = 200


def _cell(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value)
    return str(value)


def _printable(value):
    return "".join(one if one.isprintable() else " " for one in _cell(value))


def _shown(table):
    return [name for name, _, shown, _ in table._rows.columns() if shown]


def table_text(table):
    """A table with the columns that lists show."""
    columns = _shown(table)
    rows = [[name.upper() for name in columns]]
    rows += [[_printable(row[name]) for name in columns] for row in table]
    widths = [max(map(len, cells)) for cells in zip(*rows)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    return "\n".join([*lines, _tail(table)])


def _tail(table):
    one, several = table._rows.noun()
    text = f"{len(table)} {one if len(table) == 1 else several}"
    if not table.complete:
        text += ", not complete: " + "; ".join(str(error).replace("\n", " ") for error in table.errors)
    return text + (f"\n{table.note}" if table.note else "")


def _grid(columns, rows):
    head = "".join(f"<th>{html.escape(name)}</th>" for name in columns)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(_cell(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def table_html(table):
    """A table for a notebook."""
    columns = _shown(table)
    tail = _tail(table)
    if len(table) > MOST:
        tail += f"; the first {MOST} are shown"
    rows = ([row[name] for name in columns] for row in table[:MOST])
    return f"{_grid(columns, rows)}<div>{html.escape(tail)}</div>"


def row(values):
    """One row, a line for each column."""
    return _grid(["", ""], values.items())


def _verb(step):
    if "act" in step:
        action = step["act"]["action"]
        return action.rsplit(".", 1)[0].replace("_", " ")
    waited = step.get("await") or {}
    return f"wait until {waited.get('until', 'it is so')}"


def _summary(plan):
    parts = []
    for word, counts in plan.summary.items():
        things = [f"{count['count']} {count['kind']}{'' if count['count'] == 1 else 's'} on {count['place']}" for count in counts]
        if things:
            parts.append(f"{word} {' and '.join(things)}")
    return ", ".join(parts) or "changes nothing"


def plan_text(plan):
    """A plan: what it does, its steps, what has no way back."""
    lines = [plan.title, _summary(plan), ""]
    lines += [f"{number:>3}  {step['place']}  {_verb(step)}  {_printable(step['label'])}" for number, step in enumerate(plan.steps)]
    if plan.filled:
        lines.append("")
        lines += [f"{filled['option']} is {filled['value']} ({filled['from']})" for filled in plan.filled]
    if plan.irreversible:
        lines += ["", "cannot be undone: " + "; ".join(plan.irreversible)]
    lines += ["", f"plan {plan.id}, until {plan.expires}"]
    return "\n".join(lines)


def plan_html(plan):
    """A plan for a notebook, with its steps as a graph."""
    above = f"<b>{html.escape(plan.title)}</b><div>{html.escape(_summary(plan))}</div>"
    below = "".join(f"<li>{html.escape(what)}</li>" for what in plan.irreversible)
    if below:
        below = f"<div>cannot be undone:<ul>{below}</ul></div>"
    return f"{above}{_graph(plan.steps)}{below}<div>plan {html.escape(plan.id)}</div>"


def _graph(steps, most=60):
    """The steps as boxes in the order in which they can be taken, and lines from each to those after it."""
    if not steps:
        return ""
    if len(steps) > most:
        return f"<div>{len(steps)} steps</div>"
    wide, high, gap = 210, 34, 40
    levels = []
    for step in steps:
        levels.append(max((levels[before] + 1 for before in step.get("after", ())), default=0))
    places, count = [], {}
    for level in levels:
        places.append((level, count.get(level, 0)))
        count[level] = count.get(level, 0) + 1
    width = (max(levels) + 1) * (wide + gap)
    height = max(count.values()) * (high + 10) + 4
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="12">']
    at = [(level * (wide + gap), number * (high + 10) + 2) for level, number in places]
    for number, step in enumerate(steps):
        left, top = at[number]
        for before in step.get("after", ()):
            from_left, from_top = at[before]
            parts.append(
                f'<line x1="{from_left + wide}" y1="{from_top + high / 2}" x2="{left}" y2="{top + high / 2}" stroke="gray"/>'
            )
    for number, step in enumerate(steps):
        left, top = at[number]
        dashes = "" if "act" in step else ' stroke-dasharray="4"'
        parts.append(
            f'<rect x="{left}" y="{top}" width="{wide}" height="{high}" rx="5" fill="white" stroke="gray"{dashes}/>'
            f'<text x="{left + 6}" y="{top + 14}" fill="black">{html.escape(_verb(step))}</text>'
            f'<text x="{left + 6}" y="{top + 28}" fill="gray">{html.escape((step["label"] + " on " + step["place"])[:34])}</text>'
        )
    return "".join(parts) + "</svg>"


def outcome(outcome):
    """How a change ended, for a notebook."""
    said = f"{outcome.title}: {outcome.state}, {outcome.done} of {outcome.steps} steps in {outcome.seconds:.1f} s"
    failed = "".join(f"<li>{html.escape(str(error))}</li>" for error in outcome.failed)
    grid = _grid(["kind", "name", "place", "state"], ([one.kind, one.name, one.place, one.state] for one in outcome.things))
    return f"<div>{html.escape(said)}</div>{grid if outcome.things else ''}{f'<ul>{failed}</ul>' if failed else ''}"


def progress():
    """What shows how far a plan is: in a notebook, in a terminal, or nowhere."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None and getattr(shell, "kernel", None) is not None:
        return _Notebook()
    if sys.stderr is not None and sys.stderr.isatty():
        return _Terminal()
    return _Nowhere()


class _Nowhere:
    def show(self, told):
        """Nothing."""

    def close(self):
        """Nothing."""


class _Terminal:
    drawn = False

    def show(self, told):
        """Draws the bar again."""
        if not told:
            return
        _, done, steps, said = told[-1]
        filled = 20 * done // steps if steps else 0
        line = f"[{'#' * filled}{'.' * (20 - filled)}] {done}/{steps} {_printable(said)}"
        sys.stderr.write(f"\r\x1b[K{line[:100]}")
        sys.stderr.flush()
        self.drawn = True

    def close(self):
        """Takes the bar away."""
        if self.drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


class _Notebook:
    handle = None

    def show(self, told):
        """Draws the bar again."""
        if not told:
            return
        from IPython.display import HTML, display

        _, done, steps, said = told[-1]
        bar = HTML(f'<progress value="{done}" max="{max(steps, 1)}"></progress> {done}/{steps} {html.escape(said)}')
        if self.handle is None:
            self.handle = display(bar, display_id=True)
        else:
            self.handle.update(bar)

    def close(self):
        """Leaves the last state; what came of it follows."""

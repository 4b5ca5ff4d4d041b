"""The ways a plan reaches the checker without anybody typing: network, folder, planning system.

Every hook ends in the same place, `planchecker.hooks.judging`: one engine, one answer. What
a set of objects lacks when it is judged makes the answer at least `not-evaluated`.
"""

__all__: list[str] = []

"""All habits, and a life made of some."""

from collections.abc import Callable, Sequence

from hypothesis import strategies as st

from tests.climbs import edits, moves
from tests.climbs.life import Life

Habit = Callable[[Life], str | None]
# After these a project's linters and its command still work.
SOUND: tuple[Habit, ...] = (
    edits.add_file,
    edits.add_setting,
    edits.add_table,
    edits.change_dependencies,
    edits.rewrite_seed,
)
# What `copier update` alone takes well.
PLAIN = (*SOUND, edits.delete_lines, edits.insert_lines, edits.replace_line, moves.delete_file)
HABITS = (
    *PLAIN,
    edits.repeat_block,
    edits.reformat,
    edits.take_hunk,
    edits.turn_line_endings,
    edits.change_encoding,
    edits.drop_last_newline,
    edits.ignore_folder,
    moves.delete_folder,
    moves.rename_file,
    moves.move_folder,
    moves.copy_file,
    moves.split_file,
    moves.move_onto_coming,
    moves.make_early,
    moves.stand_in_the_way,
)


def live(life: Life, habits: Sequence[Habit], most: int = 6) -> None:
    """Do several things, one after the other."""
    for act in life.draw(st.lists(st.sampled_from(habits), min_size=1, max_size=most)):
        if done := act(life):
            life.story.append(done)

"""Which version answers a request.

A policy is a function

    @extends("policy", precedence=10)
    def policy() -> Plan | None

A plan names the variants that answer, each a version with a weight; None means no opinion. The
policy with the highest precedence that has one decides. The server asks twice a second, away from
the requests: a policy may read files, and a request only has to look up its variant.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from ...extensions import extensions
from ...project import Failure


@dataclass(frozen=True)
class Variant:
    """A version under the name that the prediction log and the metrics give it."""

    name: str
    version: str
    weight: float = 1.0


@dataclass(frozen=True)
class Plan:
    """The variants that answer. `salt` is the experiment: another salt deals anew."""

    variants: tuple[Variant, ...]
    salt: str = ""

    def choose(self, key: str) -> Variant:
        """The variant of a key: always the same one, on every server, as long as weights stay.

        If the last variant's weight grows, the keys that it has stay with it."""
        point = int.from_bytes(blake2b(f"{self.salt}/{key}".encode(), digest_size=7).digest())
        left = point / 2**56 * sum(variant.weight for variant in self.variants)
        for variant in self.variants:
            left -= variant.weight
            if left < 0:
                break
        return variant


Policy = Callable[[], Plan | None]


def policies() -> list[Policy]:
    """The policies, the highest precedence first."""
    return extensions("policy")


def decide(found: Sequence[Policy]) -> Plan:
    """What the first policy with an opinion says."""
    for policy in found:
        if plan := policy():
            return plan
    raise Failure("no policy says which version answers")

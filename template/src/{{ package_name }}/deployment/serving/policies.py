"""Which version answers a request.

A policy is a module with a number PRECEDENCE and

    def policy() -> Plan | None

A plan names the variants that answer, each a version with a weight; None means no opinion. The
policy with the highest precedence that has one decides. The server asks twice a second, away from
the requests: a policy may read files, and a request only has to look up its variant.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from types import ModuleType

from ...project import Failure, modules


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


def policies() -> list[ModuleType]:
    """The modules that have a policy, the highest precedence first."""
    return sorted(modules("policy"), key=lambda module: module.PRECEDENCE, reverse=True)


def decide(found: Sequence[ModuleType]) -> Plan:
    """What the first policy with an opinion says."""
    for module in found:
        if plan := module.policy():
            return plan
    raise Failure("no policy says which version answers")

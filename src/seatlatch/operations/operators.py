"""Operators: the ticketing systems and people that act for the box office."""

from seatlatch.auth.keys import hash_secret, new_secret
from seatlatch.domain.refusal import NotDone, require_identifier
from seatlatch.store.interface import Transaction


async def add_operator(transaction: Transaction, name: str) -> str:
    """Add an operator. Returns its key, which is stored only as a hash.

    Raises `NotDone` and `InvalidRequest`.
    """
    require_identifier("operator name", name)
    if name in await transaction.access.operators():
        raise NotDone(
            f"The operator {name} is there already. For a new key revoke it first with"
            " `seatlatch operator revoke`, or add another name."
        )
    operator_key = new_secret()
    await transaction.access.add_operator(name, hash_secret(operator_key.encode()))
    return operator_key


async def revoke_operator(transaction: Transaction, name: str) -> None:
    """Remove an operator; its key ends at once. Raises `NotDone`."""
    if name not in await transaction.access.operators():
        require_identifier("operator name", name)
        raise NotDone(f"There is no operator {name}. Add one with `seatlatch operator add`.")
    await transaction.access.remove_operator(name)

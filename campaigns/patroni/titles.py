"""The titles of the faults by name, for the table of the results."""

CONTROL = "control"

TITLES = {
    "postmaster-killed": "PostgreSQL of the primary killed",
    "node-killed": "node of the primary killed",
    "switchover": "switchover by an operator",
    "standby-killed": "node of the synchronous standby killed",
    "frozen": "node of the primary frozen, resumed later",
    "partition": "primary cut off from everything",
    "partition-of-nodes": "primary cut off from the other nodes; clients reach it",
    CONTROL: "control: asynchronous replication, node of the primary killed",
}

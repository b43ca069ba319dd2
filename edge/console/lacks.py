# SPDX-License-Identifier: Apache-2.0
"""What kind of lack an error tells of, for people: what the machine says is English, and exact.

By words that the error has, ours and those of the system; the first that fits. Whoever shows the
kind shows the error itself behind it.
"""


def _(text: str) -> str:
    return text


KINDS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("no list is here",), _("no version of the list can be used")),
    (("No such file or directory",), _("the file is not there")),
    (("Can't open",), _("the file cannot be opened")),
    (("Permission denied", "Operation not permitted"), _("it may not be read or written here")),
    (("No space left on device",), _("the disk is full")),
    (("Read-only file system",), _("the disk takes nothing more")),
    (("Input/output error",), _("the disk does not answer as it should")),
    (("larger than",), _("the file is too large to be searched here")),
    (("wrong line", "is not UTF-8", "Is a directory"), _("what stands in the file is wrong")),
    (
        ("is damaged", "is no look-up file", "outside of", "of the wrong size", "out of order",
         "where its head says", "cannot mmap an empty file", "Observed "),
        _("the file is damaged"),
    ),
    (("look-up file of format",), _("the file is of another version of the program")),
    (("no root is configured",), _("the box does not know whose signatures to trust")),
    (("was signed by",), _("a signature is missing, or is of nobody who is trusted")),
    (("no record of",), _("nothing is kept of this call")),
    (
        ("were changed", "not what it was when signed", "signed are gone"),
        _("the evidence is not what it was when it was signed"),
    ),
    (
        ("nothing was changed",),
        _("the process uplink did not take it, and nothing was changed: try again"),
    ),
    (
        ("did not answer",),
        _("the process uplink took it and does not answer: see whether it was done"),
    ),
    (("audit log", "not safe on disk"), _("the log of acts could not take it")),
    (("are spared here already",), _("too many numbers are let through here already")),
    (("too long ago, or by another clock",), _("the clocks of the processes do not agree")),
    (("no trunk of this box",), _("there is no such trunk")),
)  # fmt: skip
OTHER = _("the machine says why")


def kind_of(error: str) -> str:
    """Return what kind of lack an error tells of: a text of ours, in English."""
    for words, kind in KINDS:
        if any(word in error for word in words):
            return kind
    return OTHER

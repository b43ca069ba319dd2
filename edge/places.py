# SPDX-License-Identifier: Apache-2.0
"""Where a box keeps what must outlive it: every path below `node.state_dir`, and who writes there.

| place               | written by | what                                                    |
|---------------------|------------|---------------------------------------------------------|
| `evidence/`         | core       | records and frames of stopped calls, and their log      |
| `acts/`             | uplink     | administrative acts, and their log                      |
| `checkpoints/`      | uplink     | signed states of both logs                              |
| `outbox/NAME.db`    | NAME       | what waits for the hub; `acked.json` beside is uplink's |
| `lists/`            | uplink     | lists, urgent records, trusted metadata                 |
| `modes.json`        | uplink     | modes of trunks that were set by command                |
| `spared.json`       | uplink     | numbers that are spared at this box for some hours      |
| `stop`              | each       | while it is there, every trunk is only observed         |
| `requests/`         | CLI, page  | what `uplink` is asked to do at the box, and answers    |
| `pull/`             | uplink     | files of the repository that are on their way           |
| `campaigns/`        | core       | campaigns that were found, and their dossiers           |
| `update/`           | uplink     | an update of the firmware: its state, its bundle        |
| `uplink.db`         | uplink     | commands and their results, a configuration on trial    |
| `schema.json`       | migration  | of which version this folder is                         |
| `identity/`         | enrolment  | keys and certificates                                   |
| `page/`             | page       | who may see the page, and the code of the first one     |
| `run/`              | each       | hints and numbers: worth nothing after a restart        |
"""

from pathlib import Path
from typing import NamedTuple

from edge.box.spared import SPARED
from edge.config import Config
from edge.modes import MODES, STOP


class Places(NamedTuple):
    """All places of a box."""

    state: Path
    identity: Path
    lists: Path

    @property
    def evidence(self) -> Path:
        """Folder of the log of verdicts."""
        return self.state / "evidence"

    @property
    def acts(self) -> Path:
        """Folder of the log of acts."""
        return self.state / "acts"

    def outbox(self, process: str) -> Path:
        """File of the outbox of a process."""
        return self.state / "outbox" / f"{process}.db"

    @property
    def acked(self) -> Path:
        """File that says how far the hub has got."""
        return self.state / "outbox" / "acked.json"

    @property
    def campaigns(self) -> Path:
        """Folder of the campaigns that were found."""
        return self.state / "campaigns"

    @property
    def modes(self) -> Path:
        """File of the modes that were set by command."""
        return self.state / MODES

    @property
    def spared(self) -> Path:
        """File of the numbers that are let through whatever the lists say."""
        return self.state / SPARED

    @property
    def stop(self) -> Path:
        """File whose mere being there has every trunk only observed."""
        return self.state / STOP

    @property
    def requests(self) -> Path:
        """Folder of what is asked for at the box itself, for `uplink` to do."""
        return self.state / "requests"

    @property
    def pull(self) -> Path:
        """Folder of what is on its way."""
        return self.state / "pull"

    @property
    def update(self) -> Path:
        """Folder of an update of the firmware."""
        return self.state / "update"

    @property
    def register(self) -> Path:
        """File of commands."""
        return self.state / "uplink.db"

    @property
    def epoch(self) -> Path:
        """File of the number of the last connection."""
        return self.state / "epoch"

    @property
    def run(self) -> Path:
        """Folder of hints and numbers."""
        return self.state / "run"

    @property
    def page(self) -> Path:
        """Folder of who may see the page."""
        return self.state / "page"

    @property
    def exports(self) -> Path:
        """Folder of bundles that were too large for an answer."""
        return self.state / "exports"


def places_of(config: Config) -> Places:
    """Return the places of a box."""
    state = config.node.state_dir
    return Places(
        state, config.hub.identity or state / "identity", config.blocklist.folder or state / "lists"
    )

# SPDX-License-Identifier: Apache-2.0
"""The table `[page]` of the configuration."""

from pathlib import Path

from edge.settings.table import Endpoint, Table


class PageTable(Table):
    """What this box shows on its management address."""

    listen: Endpoint | None = None
    """Address of the management network and port, `10.0.0.5:9464`; never one that the trunk or the
    hub can reach. None: nothing is shown."""
    people: Endpoint | None = None
    """Address and port at which people see the page, `10.0.0.5:8443`: of the management network, as
    `listen`. Without a certificate only this machine itself may be named: 127.0.0.1."""
    certificate: Path | None = None
    "Certificate of the page with what leads to its root, PEM. None: the one that systemd loads."
    key: Path | None = None
    "Its private key, PEM."

    @property
    def is_there(self) -> bool:
        """Whether anything is shown to anybody."""
        return bool(self.listen or self.people)

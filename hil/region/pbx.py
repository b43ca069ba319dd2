# SPDX-License-Identifier: Apache-2.0
"""A real Asterisk as the PBX of the region: Debian 11 in a folder, made once, kept in `build/`.

    python -m hil.region.pbx      makes the folder, where packages can be fetched

Debian 12 has none. It is told by the box to hang a call up (`drivers/README.md`, "Asterisk is
told"), where Kamailio asks.
"""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from edge.errors import ConfigError
from hil import debian
from hil.region.tables import PBX, PBX_CONTROL, moved, sample

SYSTEM = debian.MADE / "asterisk-root"
PROGRAM = "/usr/sbin/asterisk"
MANAGER = 5038
"Port at which it is told."
PLACES = """
[directories]
astetcdir => {inside}
astmoddir => /usr/lib/asterisk/modules
astvarlibdir => {inside}
astdbdir => {inside}
astkeydir => {inside}
astdatadir => /usr/share/asterisk
astagidir => {inside}
astspooldir => {inside}
astrundir => {inside}
astlogdir => {inside}

[options]
documentation_language = en_US
"""
_LOADED = (
    "res_timing_timerfd", "res_sorcery_config", "res_sorcery_memory", "res_sorcery_astdb",
    "res_pjproject", "res_pjsip", "res_pjsip_session", "res_pjsip_sdp_rtp", "res_pjsip_caller_id",
    "res_pjsip_rfc3326", "res_pjsip_endpoint_identifier_ip", "res_pjsip_endpoint_identifier_user",
    "res_pjsip_pubsub", "res_rtp_asterisk", "chan_pjsip", "func_channel", "func_callerid",
    "pbx_config", "app_dial", "bridge_simple", "codec_alaw", "codec_ulaw",
)  # fmt: skip
MODULES = "[modules]\nautoload = no\n" + "".join(f"load = {name}.so\n" for name in _LOADED)
LEAST = {
    "logger.conf": "[logfiles]\nsaid => notice,warning,error\n",
    "modules.conf": MODULES,
    "rtp.conf": "[general]\nrtpstart = 20000\nrtpend = 29999\n",
}
"What no use of it need say: what it loads, where it says what is wrong, its ports for speech."


def make_system() -> None:
    """Make the folder with Debian 11 and Asterisk, if it is not there; half a minute.

    Raises:
        ConfigError: It cannot be made here.
    """
    debian.make(SYSTEM, "bullseye", "asterisk")


@contextmanager
def configured() -> Iterator[tuple[str, ...]]:
    """Write its files; yields the command that starts it, without where it is to run."""
    make_system()
    folder = Path(mkdtemp(prefix="asterisk-", dir=SYSTEM / "tmp"))
    try:
        inside = f"/{folder.relative_to(SYSTEM)}"
        for name, text in _files(inside).items():
            (folder / name).write_text(text)
        yield ("chroot", str(SYSTEM), PROGRAM, "-C", f"{inside}/asterisk.conf", "-f")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _files(inside: str) -> dict[str, str]:
    """Return its configuration: what the handbook has, at the addresses of the region's PBX."""
    _, *parts = moved(sample("Asterisk is told").switch, PBX, PBX_CONTROL).split("; file: ")
    return {
        **LEAST,
        "asterisk.conf": PLACES.format(inside=inside),
        **{part.partition("\n")[0]: part.partition("\n")[2] for part in parts},
    }


if __name__ == "__main__":
    try:
        make_system()
    except ConfigError as lack:
        sys.exit(str(lack))

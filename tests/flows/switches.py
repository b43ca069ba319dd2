# SPDX-License-Identifier: Apache-2.0
"""The switches of the region, each with the configuration that stands in `drivers/README.md`."""

from tests.asterisk import MODULES, Asterisk, asterisk as run_asterisk
from tests.flows.house import Part
from tests.flows.region import Region

MORE = ("res_pjsip_header_funcs", "func_cut", "func_logic", "app_stack", "func_strings")
"Modules of Asterisk that the dialplans here use besides."


def kamailio(region: Region, config: str) -> Part:
    """Start Kamailio; returns when it hears."""
    path = region.folder / "kamailio.cfg"
    path.write_text(config)
    words = ("kamailio", "-DD", "-E", "-m", "64", "-M", "8", "-f", str(path))
    scratch = ("-Y", str(region.folder), "-w", str(region.folder))
    part = region.start("kamailio", *words, *scratch, on=region.switch)
    region.listens(region.switch, 5060)
    return part


def asterisk(region: Region, config: str) -> Asterisk:
    """Start Asterisk; `config` is its files, each after a line `; file: NAME`."""
    _, *parts = config.split("; file: ")
    files = {part.partition("\n")[0]: part.partition("\n")[2] for part in parts}
    files["modules.conf"] = MODULES + "".join(f"load = {name}.so\n" for name in MORE)
    running = region.parts.enter_context(run_asterisk(files, region.switch.inside))
    region.listens(region.switch, 5060)
    return running

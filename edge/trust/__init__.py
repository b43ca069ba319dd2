# SPDX-License-Identifier: Apache-2.0
"""Who may say what: signed lists and firmware by TUF, and the repository they are signed in."""

# SPDX-License-Identifier: Apache-2.0
"""How the processes of a box live and speak: started, watched, mended, hinted at, asked."""

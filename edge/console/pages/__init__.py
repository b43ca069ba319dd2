# SPDX-License-Identifier: Apache-2.0
"""The pages that people see, a file each."""

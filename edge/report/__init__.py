# SPDX-License-Identifier: Apache-2.0
"""What is told to the hub and heard from it: outbox, conversation, commands. The only MQTT."""

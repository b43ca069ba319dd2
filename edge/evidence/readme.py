# SPDX-License-Identifier: Apache-2.0
"""The text that goes with every bundle: how to check it with tools that everybody has."""

README = """\
Evidence of a stopped call, as a Qalqan Edge appliance has kept it.

On any machine with the program:

    qalqan evidence verify BUNDLE --appliance-key KEY --hub-key KEY

Keys are to be had from the centre, not from this bundle: keys.txt is the word of whoever made it.
frames.pcapng opens in Wireshark. By hand, with a shell, coreutils and openssl, in this folder:

1. Nothing was changed since the bundle was made.

    sha256sum --check --quiet SHA256SUMS

2. The frames are those that the record speaks of, and the record is in the log: its hash, joined
   with those in proof.txt, is the root in the third line of the checkpoint (RFC 6962).

    root=$(sed -n 3p checkpoint.txt | base64 -d | basenc --base16 -w0 | tr A-F a-f)
    for folder in */; do
        if [ -e "$folder/frames.pcapng" ]; then
            sum=$(sha256sum < "$folder/frames.pcapng" | cut -c1-64)
            grep -q "\\"sha256\\":\\"$sum\\"" "$folder/record.json" || exit 1
        fi
        hash=$( (printf '\\000'; cat "$folder/record.json") | sha256sum | cut -c1-64)
        for step in $(sed -n 's/^\\(left\\|right\\) /\\1:/p' "$folder/proof.txt"); do
            case $step in
                left:*) both=${step#left:}$hash ;;
                right:*) both=$hash${step#right:} ;;
            esac
            hash=$(printf '01%s' "$both" | tr a-f A-F | basenc --base16 -d | sha256sum | cut -c1-64)
        done
        [ "$hash" = "$root" ] || exit 2
    done

3. The checkpoint is signed by the appliance (Ed25519; C2SP signed-note).

    work=$(mktemp -d)
    sed '/^$/,$d' checkpoint.txt > "$work/text"
    key() {
        printf '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000'
        sed -n "s/^$1 //p" keys.txt | cut -d+ -f3- | base64 -d | tail -c 32
    }
    line() {
        name=$(sed -n "s/^$1 //p" keys.txt | cut -d+ -f1)
        sed -n "s|^\N{EM DASH} $name ||p" checkpoint.txt | base64 -d
    }
    key appliance > "$work/key"
    line appliance | tail -c 64 > "$work/signature"
    openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key" -rawin \\
        -in "$work/text" -sigfile "$work/signature" || exit 3

4. And by the hub, who has seen that the log only grew, and says when (C2SP tlog-cosignature). A
   bundle that has no such line is not yet countersigned.

    [ "$(line hub | wc -c)" -eq 76 ] || exit 4
    key hub > "$work/key"
    line hub | tail -c 64 > "$work/signature"
    time=$((0x$(line hub | head -c 12 | tail -c 8 | basenc --base16 -w0)))
    (printf 'cosignature/v1\\ntime %s\\n' "$time"; cat "$work/text") > "$work/cosigned"
    openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key" -rawin \\
        -in "$work/cosigned" -sigfile "$work/signature" || exit 4
    date -u -d "@$time"
"""
"""The lines that are indented by four are a script, and are run by a test. It finds what changes in
a record, a hash or a signature; README.txt and certificate.pem are bound by SHA256SUMS alone."""

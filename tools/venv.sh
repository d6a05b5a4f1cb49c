# Sourced by ./go and ./test: the virtual environment, and what is installed in it.
# Every function writes to stderr only, so that stdout stays free for the answer.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/.venv
usable='import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))'

say() { printf '%s\n' "$*" >&2; }

# The newest Python that can make a virtual environment. Each candidate is run, as a name on PATH
# may be a shim with nothing behind it.
find_python() {
    local name
    for name in python3.14 python3.13 python3.12 python3.11 python3 python; do
        if command -v "$name" >/dev/null && "$name" -c "$usable" >/dev/null 2>&1; then
            printf '%s\n' "$name"
            return
        fi
    done
    say 'orderof needs Python 3.11 or newer, with its venv module, and found none on PATH.'
    say 'Install one (on Debian and Ubuntu: python3 and python3-venv) and run this again.'
    return 1
}

make_venv() {
    local python
    if "$venv/bin/python" -c "$usable" >/dev/null 2>&1 && "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        return
    fi
    python=$(find_python) || return
    say "making .venv with $("$python" --version 2>&1)"
    "$python" -m venv --clear "$venv" >&2
}

# What an installation depends on; it is repeated when this changes, or when the checkout moves.
fingerprint() { { printf '%s\n' "$root" && cat "$root/pyproject.toml" "$root/constraints.txt"; } | cksum; }

# once NAME COMMAND...: run COMMAND unless it has succeeded since the fingerprint changed.
once() {
    local name=$1 stamp=$venv/.$1.installed now
    shift
    now=$(fingerprint)
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$now" ]; then return; fi
    say "installing $name"
    "$@" && printf '%s\n' "$now" >"$stamp"
}

pip_install() {
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        -c "$root/constraints.txt" "$@" >&2
}

install_base() { pip_install -e "$root"; }

# torchvision asks for a torch built with its own kernels; its model definitions do without.
install_frameworks() {
    pip_install torch==2.13.0 numpy &&
        pip_install --no-deps torchvision==0.28.0 &&
        pip_install pillow transformers
}

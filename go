#!/usr/bin/env bash
# Sets orderof up on a fresh machine, then runs it with the arguments given here.
#
#     ./go                                  the cost of training GPT-2
#     ./go zoo:resnet50 -d H=384 -d W=384   any other question
#
# Steps are told on stderr; stdout holds the answer; the exit code is orderof's.
set -u
source "$(dirname "${BASH_SOURCE[0]}")/tools/venv.sh"

make_venv || exit
once base install_base || exit
for argument in "$@"; do
    case $argument in
        torchvision:* | hf:*) once frameworks install_frameworks || exit ;;
    esac
done

[ $# -gt 0 ] || set -- zoo:gpt2 --train adamw
exec "$venv/bin/orderof" "$@"

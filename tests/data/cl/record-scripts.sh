#!/bin/sh
# Records what SBCL prints for each of scripts/*.lisp into a .out beside it. Needs sbcl.
cd "$(dirname "$0")/scripts" || exit 1
for script in *.lisp; do
    sbcl --script "$script" one -two >"${script%.lisp}.out"
done

#!/bin/sh
# Records what SBCL prints for forms.lisp into sbcl.jsonl. Needs sbcl.
cd "$(dirname "$0")" || exit 1
exec sbcl --noinform --non-interactive --no-userinit --eval '(require :sb-posix)' --load record.lisp

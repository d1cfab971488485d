#!/bin/sh
# Records what SBCL prints for forms.lisp into sbcl.jsonl, and so for forms-found.lisp. Needs sbcl.
cd "$(dirname "$0")" || exit 1
exec sbcl --noinform --non-interactive --no-userinit --eval '(require :sb-posix)' --load record.lisp

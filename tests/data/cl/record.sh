#!/bin/sh
# Records what SBCL prints for forms.lisp into forms.jsonl, and so for the other files of forms; with
# arguments only for those of these names. Needs sbcl.
cd "$(dirname "$0")" || exit 1
for name in ${*:-forms found wider}; do
    sbcl --noinform --non-interactive --no-userinit --eval '(require :sb-posix)' \
        --eval "(defparameter *from* \"$name.lisp\")" --eval "(defparameter *to* \"$name.jsonl\")" \
        --load record.lisp
done

;;; A calculator: reads a form and computes it, without ever evaluating what it was sent.
;;;
;;; Run:    sipc examples/calculator.lisp
;;; Try:    sipc send calc.socket "(+ 1 (* 2 1/3))"

(require :cl-sipc)

(define-condition bad-form (error)
  ((form :initarg :form :reader bad-form))
  (:report (lambda (condition stream)
             (format stream "cannot compute ~s" (bad-form condition)))))

(defparameter *operators*
  (list (cons '+ #'+) (cons '- #'-) (cons '* #'*) (cons '/ #'/)
        (cons 'max #'max) (cons 'min #'min) (cons 'expt #'expt)))

(defun compute (form)
  (cond
    ((numberp form) form)
    ((and (consp form) (assoc (car form) *operators*))
     (apply (cdr (assoc (car form) *operators*))
            (mapcar #'compute (cdr form))))
    (t (error 'bad-form :form form))))

(defun answer (text)
  (handler-case (format nil "~a" (compute (read-from-string text)))
    (division-by-zero () "division by zero")
    (end-of-file () "the form is not complete")
    (error (e) (format nil "error: ~a" e))))

(sipc:with-bound-socket (socket "calc.socket")
  (format t "calculating on calc.socket~%")
  (force-output)
  (sipc:hook socket
             (lambda (fault) (declare (ignore fault)) t)
             (lambda (type message)
               (cond
                 ((eql type :close) nil)
                 ((stringp message) (sipc:respond (answer message)) t)
                 (t (sipc:respond "text only") t)))))

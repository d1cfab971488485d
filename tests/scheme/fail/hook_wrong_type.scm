(hook 5 car car)

-- Reports of another patient are looked for among those that a withdrawal was made for; there are few.

CREATE INDEX delivery_withdrawal ON delivery (report) WHERE content = 'withdrawal';

"""What a query may ask of values: filters and orders, as SQL whose every value is a parameter.

``targets`` says what can be compared and how it is stored, ``operators`` what can be asked of it,
``language`` reads what a client sent, ``conditions`` puts the answers together.
"""

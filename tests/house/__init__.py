"""The plan of the house, checked: who may import whom, and where clock, mail, state and pen are kept."""

"""An EHR that behaves, or doesn't: what stands at the far end of the wire in the demo, in tests and before a go-live.

Here belongs how a receiver takes messages, what it answers by its scenario, what it then shows and what it writes
down. It knows MLLP and HL7 and nothing of the dispatcher, so that its journal is a second, independent account.
"""

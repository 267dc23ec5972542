"""Small results of invented patients, as a sender would write them."""


def result(control_id, *, study="A4711", accession="", status="F", patient="MRN0042^^^STE^MR"):
    lines = [
        f"MSH|^~\\&|BUTTERFLY|STE|EPIC|STE|20261124090315||ORU^R01^ORU_R01|{control_id}|P|2.5.1",
        f"PID|1||{patient}||Muster^Erika",
        "ORC|RE||",
        f"OBR|1||{study}|EFAST{'|' * 14}{accession}",
        f"OBX|1|TX|18782-3||No free fluid.||||||{status}",
        "",
    ]
    return "\r".join(lines).encode()

"""The only readers of DICOM: files to `planchecker.case.Case`."""

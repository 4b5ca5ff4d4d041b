import numpy as np
import pytest
from dicom_factory import make_image, save

from planchecker.errors import ReadError
from planchecker.reading import read_cases


def read(tmp_path, **elements):
    """Save one slice of 2 x 2 stored values 0, 1, 2, 3 and read the case that holds it."""
    values = {"RescaleSlope": 2, "RescaleIntercept": -1000, "SamplesPerPixel": 1}
    values |= {"PhotometricInterpretation": "MONOCHROME2", "PixelRepresentation": 0}
    values |= {"BitsStored": 16, "HighBit": 15, **elements}
    image = make_image(**values)
    image.PixelData = np.arange(4, dtype="<u2").tobytes()
    path = save(image, tmp_path / "CT.dcm")
    (case,) = read_cases([tmp_path])
    return case, path


def test_stored_values_become_hounsfield_units(tmp_path):
    case, _ = read(tmp_path)
    assert case.hounsfield(case.images[0]).tolist() == [[-1000.0, -998.0], [-996.0, -994.0]]


def test_a_slice_without_a_slope_is_refused(tmp_path):
    case, _ = read(tmp_path, RescaleSlope=None)
    with pytest.raises(ReadError, match="pixels cannot be read"):
        case.hounsfield(case.images[0])


@pytest.mark.parametrize("slope", [b"nan", b"inf", b"0", b"-1"])
def test_a_slope_that_would_hide_all_metal_is_refused(tmp_path, slope):
    case, path = read(tmp_path, RescaleSlope="77777")
    path.write_bytes(path.read_bytes().replace(b"77777", slope.ljust(5)))
    with pytest.raises(ReadError, match="pixels cannot be read"):
        case.hounsfield(case.images[0])


def test_a_file_that_is_gone_is_refused(tmp_path):
    case, path = read(tmp_path)
    path.unlink()
    with pytest.raises(ReadError, match="pixels cannot be read"):
        case.hounsfield(case.images[0])


def test_a_file_that_became_another_image_is_refused(tmp_path):
    case, path = read(tmp_path)
    save(make_image("1.2.9.7"), path)
    with pytest.raises(ReadError, match="was changed since"):
        case.hounsfield(case.images[0])


def test_a_case_without_images_reads_none(tmp_path):
    from dicom_factory import make_plan  # noqa: PLC0415

    save(make_plan(), tmp_path / "RP.dcm")
    (case,) = read_cases([tmp_path])
    assert case.hounsfield is None

"""From one frame of reference to another."""

import math

import case_factory as factory
import numpy as np
import pytest

from planchecker.case import Registration
from planchecker.errors import GeometryError
from planchecker.registration import apply, find_mapping, inverted

NOW, OLD = "1.2.3.9", "1.2.3.8"


def rigid(turn_deg=20.0, shift_mm=(10.0, -5.0, 30.0)):
    angle = math.radians(turn_deg)
    matrix = np.eye(4)
    matrix[:2, :2] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    matrix[:3, 3] = shift_mm
    return matrix


def registration(matrix, *, source=OLD, target=NOW, uid="1.5"):
    return Registration(
        sop_instance_uid=uid,
        patient=factory.PATIENT,
        source_frame_of_reference_uid=source,
        target_frame_of_reference_uid=target,
        matrix=matrix,
    )


POINT = np.array([[3.0, 7.0, -11.0]])


def test_the_same_frame_needs_no_registration():
    way = find_mapping(NOW, NOW, [registration(rigid())])
    assert not way.registered
    assert np.array_equal(way.matrix, np.eye(4))


def test_a_registration_leads_from_its_source_to_its_target():
    way = find_mapping(OLD, NOW, [registration(rigid())])
    assert way.registered
    assert np.allclose(apply(way.matrix, POINT), apply(rigid(), POINT))


def test_the_other_direction_is_the_inverse_and_not_the_matrix():
    way = find_mapping(NOW, OLD, [registration(rigid())])
    assert np.allclose(apply(rigid(), apply(way.matrix, POINT)), POINT)
    assert not np.allclose(apply(way.matrix, POINT), apply(rigid(), POINT))
    assert "inverted" in way.how


def test_both_directions_of_one_registration_agree():
    both = [
        registration(rigid()),
        registration(inverted(rigid()), source=NOW, target=OLD, uid="1.6"),
    ]
    assert find_mapping(NOW, OLD, both).registered


def test_registrations_that_contradict_each_other_are_refused():
    both = [registration(rigid()), registration(rigid(turn_deg=-20.0), uid="1.6")]
    with pytest.raises(GeometryError, match="contradict"):
        find_mapping(NOW, OLD, both)


@pytest.mark.parametrize(("first", "second"), [(NOW, "1.9"), ("", NOW), (NOW, ""), ("", "")])
def test_frames_that_nothing_connects_have_no_way(first, second):
    assert find_mapping(first, second, [registration(rigid())]) is None


def test_a_mirror_is_refused():
    with pytest.raises(GeometryError, match="mirrors"):
        find_mapping(NOW, OLD, [registration(np.diag([-1.0, 1.0, 1.0, 1.0]))])


def test_a_change_of_size_is_refused():
    with pytest.raises(GeometryError, match="scales"):
        find_mapping(NOW, OLD, [registration(np.diag([10.0, 10.0, 10.0, 1.0]))])


def test_a_flat_matrix_is_refused():
    with pytest.raises(GeometryError, match="inverted"):
        find_mapping(NOW, OLD, [registration(np.diag([1.0, 1.0, 0.0, 1.0]))])


def test_an_affine_matrix_is_used_and_named():
    way = find_mapping(NOW, OLD, [registration(np.diag([1.02, 1.0, 1.0, 1.0]))])
    assert not way.rigid
    assert find_mapping(NOW, OLD, [registration(rigid())]).rigid


def joined(first, second, *, uid="1.7", third="1.2.3.7"):
    """One object that registers both frames to a third, which is its own."""
    return [
        registration(first, source=NOW, target=third, uid=uid),
        registration(second, source=OLD, target=third, uid=uid),
    ]


def test_an_object_may_register_both_frames_to_its_own():
    first, second = rigid(20.0), rigid(-35.0, (1.0, 2.0, -40.0))
    way = find_mapping(NOW, OLD, joined(first, second))
    # The same place of the patient has one position in the third frame.
    assert np.allclose(apply(second, apply(way.matrix, POINT)), apply(first, POINT))
    back = find_mapping(OLD, NOW, joined(first, second))
    assert np.allclose(apply(back.matrix, apply(way.matrix, POINT)), POINT)
    assert "by way of its own frame" in way.how


def test_two_objects_are_never_joined():
    one = joined(rigid(), rigid(5.0))
    other = [one[0], factory.changed(one[1], sop_instance_uid="1.8")]
    assert find_mapping(NOW, OLD, other) is None


def test_a_joined_way_must_agree_with_a_direct_one():
    known = [*joined(rigid(), np.eye(4)), registration(np.eye(4))]
    with pytest.raises(GeometryError, match="contradict"):
        find_mapping(NOW, OLD, known)


def test_an_affine_matrix_says_how_far_it_stretches():
    way = find_mapping(OLD, NOW, [registration(rigid() @ np.diag([1.0, 0.93, 1.02, 1.0]))])
    assert way.scale_percent == pytest.approx(7.0)
    assert find_mapping(OLD, NOW, [registration(rigid())]).scale_percent < 1e-6


def test_a_matrix_that_holds_no_numbers_is_refused():
    broken = np.eye(4)
    broken[0, 3] = np.nan
    with pytest.raises(GeometryError, match="no number"):
        find_mapping(OLD, NOW, [registration(broken)])

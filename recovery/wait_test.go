package recovery

import "testing"

// Beside this, every job of every test is watched: see world.run.
func TestWhatGoesByItselfIsNoDiagnosis(t *testing.T) {
	t.Parallel()
	for code, wait := range map[NoteCode]bool{
		NoteUnreadable: true, NoteWaitThrottled: true, NoteIncomplete: true,
		NoteNoSeat: false, NoteMissingRole: false, NoteAmbiguous: false, NoteGone: false,
	} {
		n := Note{Code: code}
		err := Diagnosis{Obstacle: &n}.unsettled()
		if (err != nil) != wait || n.passing() != wait || err != nil && !passes(err) {
			t.Errorf("%s: passing %v, %v", code, n.passing(), err)
		}
	}
	if err := (Diagnosis{}).unsettled(); err != nil {
		t.Errorf("without an obstacle: %v", err)
	}
}

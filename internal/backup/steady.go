package backup

import "os"

// SteadyFile brings a file to the disk while it is written, 8 MB at a time. Gigabytes that are left for the disk to write at the end would
// hold up everybody who commits to the database meanwhile. What was written last is for the caller to bring there (Sync).
type SteadyFile struct {
	File  *os.File
	ahead int // bytes that are not on the disk
}

func (s *SteadyFile) Write(b []byte) (int, error) {
	const most = 8 << 20
	n, err := s.File.Write(b)
	if s.ahead += n; err == nil && s.ahead >= most {
		s.ahead = 0
		err = s.File.Sync()
	}
	return n, err
}

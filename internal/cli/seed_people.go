package cli

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/google/uuid"

	"console/internal/permission"
	"console/store"
)

// invented is a person who does not exist.
type invented struct {
	user       store.User
	byLink     bool
	linkLasts  time.Duration
	linkHash   []byte
	mailUUID   string
	mailFailed bool
}

const day = 24 * time.Hour

// invent returns person number i. It depends on nothing else but the day it leads up to: names repeat as they do in a
// large company, addresses do not. The password is a hash that was made from none.
func invent(i int, asOf store.Millis) invented {
	random := rand.New(rand.NewPCG(0x636f6e736f6c65, uint64(i))) //nolint:gosec // the same people each time
	region := pick(random, regions)
	first, last := pick(random, region.first), pick(random, region.last)
	joined := asOf.Add(-time.Duration(1+random.IntN(1500)) * day).Add(-time.Duration(random.Int64N(int64(day))))
	p := invented{
		user: store.User{
			UUID:        newUUID(random),
			FirstName:   first.written,
			LastName:    last.written,
			Role:        pick(random, usualRoles),
			CreatedAt:   joined,
			JoinedAt:    joined,
			ActivatedAt: joined,
		},
	}
	p.user.Email = fmt.Sprintf("%s.%s.%d@%s", first.latin, last.latin, i, pick(random, domains))
	p.user.EmailKey = strings.ToLower(p.user.Email)
	if !p.user.Role.SignsIn() {
		if random.IntN(20) == 0 {
			p.user.DisabledAt = later(random, joined, asOf)
		}
		return p
	}
	switch kind := random.IntN(100); {
	case kind < 8:
		p.inviteByMail(random, asOf)
	case kind < 12:
		p.inviteByLink(random, asOf)
	default:
		p.activate(random, asOf)
		if kind < 19 {
			p.user.DisabledAt = later(random, max(joined, p.user.LastAuthAt), asOf)
		}
	}
	return p
}

// activate makes somebody of the person who has signed up; one in ten never came back, most were here this month.
func (p *invented) activate(random *rand.Rand, asOf store.Millis) {
	secret := make([]byte, 48)
	fill(random, secret)
	p.user.PasswordHash = "$argon2id$v=19$m=19456,t=2,p=1$" + base64.RawStdEncoding.EncodeToString(
		secret[:16],
	) + "$" + base64.RawStdEncoding.EncodeToString(
		secret[16:],
	)
	switch kind := random.IntN(10); {
	case kind == 0:
	case kind < 7:
		p.user.LastAuthAt = max(p.user.JoinedAt, asOf.Add(-time.Duration(random.Int64N(int64(30*day)))))
	default:
		p.user.LastAuthAt = later(random, p.user.JoinedAt, asOf)
	}
}

// inviteByMail makes an invitation of the last three weeks of the person: its link lasts one. Some names are not known.
func (p *invented) inviteByMail(random *rand.Rand, asOf store.Millis) {
	p.invited(random, asOf.Add(-time.Duration(random.Int64N(int64(21*day)))), 7*day)
	p.user.JoinedAt = p.user.CreatedAt
	p.mailUUID, p.mailFailed = newUUID(random), random.IntN(30) == 0
	if random.IntN(6) == 0 {
		p.user.FirstName, p.user.LastName = "", ""
	}
}

func (p *invented) inviteByLink(random *rand.Rand, asOf store.Millis) {
	lasts := pick(random, []time.Duration{day, 3 * day, 7 * day, 30 * day})
	p.invited(random, asOf.Add(-time.Duration(random.Int64N(int64(2*lasts)))), lasts)
	p.user.JoinedAt = 0
	p.byLink = true
}

func (p *invented) invited(random *rand.Rand, at store.Millis, lasts time.Duration) {
	p.user.CreatedAt, p.user.ActivatedAt, p.linkLasts = at, 0, lasts
	p.linkHash = make([]byte, 32)
	fill(random, p.linkHash)
}

// later is a moment between two.
func later(random *rand.Rand, from, to store.Millis) store.Millis {
	return from + store.Millis(random.Int64N(int64(max(to-from, 1))))
}

func pick[T any](random *rand.Rand, from []T) T { return from[random.IntN(len(from))] }

func fill(random *rand.Rand, b []byte) {
	for i := range b {
		b[i] = byte(random.Uint32() & 0xff)
	}
}

func newUUID(random *rand.Rand) string {
	var id uuid.UUID
	fill(random, id[:])
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // version 4, RFC 9562 §5.4
	return id.String()
}

// usualRoles are the roles as often as a large company gives them.
var usualRoles = func() (roles []permission.Role) {
	for _, r := range []struct {
		role     permission.Role
		permille int
	}{
		{permission.Analyst, 420}, {permission.ReadOnly, 290}, {permission.Admin, 89}, {permission.APIDeveloper, 90}, {permission.Deploy, 40},
		{permission.GlobalAdmin, 1}, {permission.GlobalAnalyst, 40}, {permission.GlobalReadOnly, 30},
	} {
		for range r.permille {
			roles = append(roles, r.role)
		}
	}
	return roles
}()

// domains are reserved for examples (RFC 2606): nothing sent to them arrives.
var domains = []string{
	"example.com",
	"example.com",
	"example.com",
	"example.com",
	"example.com",
	"example.org",
	"example.net",
	"berlin.example",
	"tokyo.example",
	"contractors.example",
}

// name is a name as it is written, and as an address spells it.
type name struct{ written, latin string }

// region is where people come from.
type region struct{ first, last []name }

// names reads "Written/latin" words; without a slash a name is spelled as written.
func names(text string) (list []name) {
	for _, word := range strings.Fields(text) {
		written, latin, spelled := strings.Cut(word, "/")
		if !spelled {
			latin = strings.ToLower(written)
		}
		list = append(list, name{strings.ReplaceAll(written, "_", " "), latin})
	}
	return list
}

// regions is a list in which the larger ones stand more often.
var regions = []region{
	english,
	english,
	english,
	western,
	western,
	northern,
	slavic,
	greek,
	arabic,
	hebrew,
	indian,
	chinese,
	japanese,
	korean,
	thai,
	vietnamese,
}

var (
	english = region{
		names(
			"Ann James Mary John Robert Patricia Jennifer Michael Linda David Elizabeth William Barbara Richard Susan Joseph Jessica Thomas Sarah Charles Karen Daniel Lisa Matthew Nancy Anthony Betty Mark Sandra Donald Ashley Steven Kimberly Paul Emily Andrew Donna Joshua Michelle Kenneth Carol Kevin Amanda Brian Melissa George Deborah",
		),
		names(
			"Smith Johnson Williams Brown Jones Garcia Miller Davis Wilson Anderson Taylor Thomas Moore Jackson Martin Lee Thompson White Harris Clark Lewis Robinson Walker Young Allen King Wright Scott Hill Green Adams Nelson Baker Hall Campbell Mitchell Carter Roberts O’Brien/obrien O’Neill/oneill MacDonald Smith-Jones/smith-jones Evans Turner Parker",
		),
	}
	western = region{
		names(
			"Anna-Lena/annalena Jürgen/juergen Käthe/kaethe Günther/guenther Sophie Hélène/helene François/francois Noël/noel Zoë/zoe André/andre María/maria José/jose Íñigo/inigo Lucía/lucia Ángel/angel Begoña/begona João/joao Conceição/conceicao Antônio/antonio Giulia Nicolò/nicolo Chiara Luca Anke Heike Jörg/joerg Björn/bjoern Gül/guel Çağla/cagla İbrahim/ibrahim Işıl/isil Ömer/oemer",
		),
		names(
			"Müller/mueller Schröder/schroeder Weiß/weiss Groß/gross Jäger/jaeger Lefèvre/lefevre Dupré/dupre Béranger/beranger García/garcia Muñoz/munoz Núñez/nunez Peña/pena Gonçalves/goncalves Simões/simoes d’Angelo/dangelo Rossi Esposito de_la_Cruz/delacruz van_der_Berg/vanderberg Yılmaz/yilmaz Şahin/sahin Öztürk/oeztuerk Dağ/dag",
		),
	}
	northern = region{
		names(
			"Åsa/asa Örjan/orjan Søren/soren Bjørn/bjorn Þóra/thora Guðrún/gudrun Ægir/aegir Äiti/aiti Väinö/vaino Łukasz/lukasz Małgorzata/malgorzata Świętosława/swietoslawa Jiří/jiri Zdeněk/zdenek Tomáš/tomas Šárka/sarka Đorđe/djordje Žiga/ziga Gintarė/gintare Jānis/janis Tõnu/tonu",
		),
		names(
			"Ångström/angstrom Sjögren/sjogren Sørensen/sorensen Ødegård/odegard Jónsdóttir/jonsdottir Þorsteinsson/thorsteinsson Mäkinen/makinen Wójcik/wojcik Żółkiewski/zolkiewski Dvořák/dvorak Nováková/novakova Čapek/capek Kovačević/kovacevic Žukauskas/zukauskas Bērziņš/berzins",
		),
	}
	slavic = region{
		names(
			"Иван/ivan Анна/anna Сергей/sergey Ольга/olga Дмитрий/dmitriy Елена/elena Алексей/alexey Наталья/natalya Фёдор/fyodor Юлия/yuliya Артём/artyom Ксения/kseniya Ївга/yivha Михайло/mykhailo Олександр/oleksandr Соломія/solomiya Љубица/ljubica Ђорђе/djordje",
		),
		names(
			"Иванов/ivanov Петрова/petrova Смирнов/smirnov Кузнецова/kuznetsova Соловьёв/solovyov Йовчев/yovchev Шевченко/shevchenko Коваленко/kovalenko Ющенко/yushchenko Њујић/njujic Щербаков/shcherbakov",
		),
	}
	greek = region{names("Γιώργος/giorgos Μαρία/maria Νίκος/nikos Ελένη/eleni Ιωάννης/ioannis Ζωή/zoi Άγγελος/angelos Ξένια/xenia"),
		names("Παπαδόπουλος/papadopoulos Οικονόμου/oikonomou Γεωργίου/georgiou Νικολάου/nikolaou Χριστοδούλου/christodoulou")}
	arabic = region{
		names("محمد/mohammed فاطمة/fatima أحمد/ahmed عائشة/aisha يوسف/yusuf مريم/maryam علي/ali زینب/zeinab رضا/reza شیرین/shirin"),
		names("الحسن/alhassan العلي/alali حداد/haddad منصور/mansour خوري/khoury حسینی/hosseini کریمی/karimi"),
	}
	hebrew = region{
		names("דוד/david שרה/sarah יוסף/yosef נועה/noa איתי/itay תמר/tamar"),
		names("כהן/cohen לוי/levi מזרחי/mizrahi פרץ/peretz בן־דוד/bendavid"),
	}
	indian = region{
		names("अमित/amit प्रिया/priya राहुल/rahul सुनीता/sunita விஜய்/vijay லட்சுமி/lakshmi রবি/rabi অনন্যা/ananya Aarav Diya Rohan Ishaan"),
		names("शर्मा/sharma सिंह/singh गुप्ता/gupta வேலு/velu চক্রবর্তী/chakraborty Patel Iyer Krishnamurthy Reddy"),
	}
	chinese = region{names("伟/wei 芳/fang 娜/na 敏/min 静/jing 丽/li 强/qiang 磊/lei 洋/yang 婷婷/tingting 建国/jianguo 雪梅/xuemei 志明/zhiming"),
		names("王/wang 李/li 张/zhang 刘/liu 陈/chen 杨/yang 赵/zhao 黄/huang 周/zhou 吴/wu 欧阳/ouyang 司馬/sima")}
	japanese = region{
		names("さくら/sakura 陽子/yoko 太郎/taro ひろし/hiroshi ユウキ/yuki 健太/kenta 美咲/misaki ななみ/nanami"),
		names("佐藤/sato 鈴木/suzuki 高橋/takahashi 田中/tanaka 渡辺/watanabe 伊藤/ito さいとう/saito"),
	}
	korean = region{
		names("민준/minjun 서연/seoyeon 지훈/jihun 수빈/subin 하은/haeun 도윤/doyun"),
		names("김/kim 이/lee 박/park 최/choi 정/jung 강/kang 남궁/namgung"),
	}
	thai = region{
		names("สมชาย/somchai สมหญิง/somying อนันต์/anan กัญญา/kanya ณัฐ/nat"),
		names("ศรีสุข/srisuk ใจดี/jaidee วงศ์ใหญ่/wongyai แก้วมณี/kaewmanee"),
	}
	vietnamese = region{
		names("Nguyệt/nguyet Đức/duc Hương/huong Tuấn/tuan Ánh/anh Phượng/phuong Quân/quan"),
		names("Nguyễn/nguyen Trần/tran Lê/le Phạm/pham Đặng/dang Vũ/vu Đỗ/do"),
	}
)

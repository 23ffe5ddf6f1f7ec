-- Written by make-store with toggled 0.3.0. Not to be changed.
PRAGMA application_id = 1952935012;
PRAGMA user_version = 2;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE meta (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	-- Identity of this life of the store, 16 hexadecimal digits. Empty in a
	-- fresh database and in a backup: the first opening fills it.
	epoch TEXT NOT NULL,
	-- The oldest schema version whose release may open this database.
	oldest_reader INTEGER NOT NULL,
	-- The release that wrote the schema.
	release TEXT NOT NULL,
	created_at INTEGER NOT NULL
) STRICT;
INSERT INTO meta VALUES(1,'1ebf514df67d7aa6',1,'0.3.0',1767323045165);
CREATE TABLE change (
	revision INTEGER PRIMARY KEY CHECK (revision > 0),
	environment TEXT NOT NULL,
	at INTEGER NOT NULL, -- milliseconds since 1970 UTC, never falling
	actor TEXT NOT NULL,
	comment TEXT NOT NULL,
	hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
INSERT INTO change VALUES(1,'default',1767323045193,'toggled','the environment that always exists',X'0568300eaea421a7fc7d65df43560b2080d6bd3678b1b0f26bda1da35078f18f');
INSERT INTO change VALUES(2,'default',1767323045211,'anonymous','the first one',X'93f20cc1dfa58d59488abe633d43d17cf2cc339f5e35e7f6d2df11353b4a0d51');
INSERT INTO change VALUES(3,'default',1767323045396,'anonymous','',X'5761b57a55da117cd1da6b7f0bc2aa518253591f76cf5e5a951cccbc09d19742');
INSERT INTO change VALUES(4,'default',1767323045672,'anonymous','',X'8221f87ed1995a62ac73ac15f00e614e3d3b0fe2289bb3a8fd06f39f58358798');
INSERT INTO change VALUES(5,'default',1767323045768,'anonymous','',X'2f007630043a6ca1b4ef4f37df365805c4027e13ac62208d607947b2a16c5dc6');
INSERT INTO change VALUES(6,'default',1767323045792,'anonymous','',X'85c873d913bb6d9d7549ce810fbbd3901de9d67a686e353ef129c0d77018f111');
INSERT INTO change VALUES(7,'default',1767323045872,'anonymous','Größe, «quoted» "and" \ more',X'47a6aa92b39acd954f9e5b5b5b2348667ece08b2976613b4bb65d587f62e4ed9');
INSERT INTO change VALUES(8,'default',1767323045930,'anonymous','',X'14e4c293400009227e4778c8dde9c74587dc2df9fcd240992839f5f43f9eb187');
INSERT INTO change VALUES(9,'default',1767323045972,'anonymous','',X'3b6dc271c6c50a878f7619a21b9bba67a8c732c67ad979846c3c21cf4ef116ef');
INSERT INTO change VALUES(10,'default',1767323046302,'anonymous','it hurts',X'ff23a58386ff6477bf7d9aba916201ad8b3a8644e6fa9840aeede1fbdf48bd97');
INSERT INTO change VALUES(11,'default',1767323046392,'anonymous','',X'29ec952b4d0c29b607dc2b1714518282656b8003d4752741cced6cf9328ffa89');
INSERT INTO change VALUES(12,'default',1767323046446,'anonymous','nobody needs it',X'44de5c7712dab27b0a4e83ef08d9033baf3f1758ce776ba0a8e5678f637bf24f');
INSERT INTO change VALUES(13,'staging',1767323046484,'anonymous','',X'f325adfb83f4696ed24c56fe42e2327abca30046addfe288098943ff1dab40c5');
INSERT INTO change VALUES(14,'staging',1767323046516,'anonymous','',X'b6e57538a1cf3a971c6174401199aa35a91500cc2104f97b9cd93b956448d1d5');
INSERT INTO change VALUES(15,'old',1767323046545,'anonymous','',X'ad208bc5714e9f40beee65c97988ac3b4476e85a9234bb98e0464cc8a1021881');
INSERT INTO change VALUES(16,'old',1767323046578,'anonymous','',X'39776838c6e520f159964e920f75103d0927c36b99f6f6bb0c095fa3c708fee2');
INSERT INTO change VALUES(17,'old',1767323046620,'anonymous','',X'250ee9e7bd45fe10681c6be2180e576e06b78cafac0af3332871aefa61da5c8b');
INSERT INTO change VALUES(18,'default',1767323046676,'anonymous','several at once',X'fbe84ec846759717e22452363655fa3fddd46632010dd5aa3e230894d2c04dc4');
INSERT INTO change VALUES(19,'default',1767323046811,'anonymous','too much',X'097bc8251659c8ba204d59ce1418835153a4f88dc663a0ea47b1332306a854e8');
INSERT INTO change VALUES(20,'default',1767323047113,'anonymous','works',X'df87a70333fc9d5a7484ebdcc4a7265329b8ad65e16f32b36b028ca3039aa0e5');
CREATE TABLE item (
	revision INTEGER NOT NULL REFERENCES change (revision),
	kind INTEGER NOT NULL, -- 0 environment, 1 segment, 2 toggle, 3 token
	key TEXT NOT NULL,
	previous INTEGER NOT NULL, -- revision of the item before; 0: none
	definition TEXT, -- NULL: removed
	PRIMARY KEY (revision, kind, key)
) STRICT, WITHOUT ROWID;
INSERT INTO item VALUES(1,0,'default',0,'"fractional":"v2"');
INSERT INTO item VALUES(2,2,'new-checkout',0,'"state":"ENABLED","variants":{"on":true,"off":false},"defaultVariant":"off"');
INSERT INTO item VALUES(3,1,'staff',0,'{"ends_with":[{"var":"email"},"@shop.example"]}');
INSERT INTO item VALUES(4,1,'beta',0,'{"or":[{"ends_with":[{"var":"email"},"@shop.example"]},{"in":[{"var":"plan"},["beta","insider"]]}]}');
INSERT INTO item VALUES(5,2,'history-v2',0,'"description":"the new list of orders","owner":"orders","tags":["web","orders"],"state":"ENABLED","variants":{"on":true,"off":false},"defaultVariant":"off","targeting":{"if":[{"$ref":"beta"},"on","off"]}');
INSERT INTO item VALUES(6,2,'colour',0,'"state":"ENABLED","variants":{"red":"#f00","green":"#0f0","none":""},"defaultVariant":"red","targeting":{"fractional":[["red",50],["green",50]]},"metadata":{"team":"shop","level":3,"share":0.25,"on":true}');
INSERT INTO item VALUES(7,2,'limit',0,'"state":"ENABLED","variants":{"low":10,"high":100000},"defaultVariant":"low"');
INSERT INTO item VALUES(8,2,'ratio',0,'"type":"float","state":"ENABLED","variants":{"half":0.5,"tiny":1e-9},"defaultVariant":"half"');
INSERT INTO item VALUES(9,2,'layout',0,'"state":"ENABLED","variants":{"a":{"columns":2,"names":["x","y"]},"b":{}},"defaultVariant":"a"');
INSERT INTO item VALUES(10,2,'new-checkout',2,'"state":"DISABLED","variants":{"on":true,"off":false},"defaultVariant":"off"');
INSERT INTO item VALUES(11,2,'gone',0,'"state":"ENABLED","variants":{"on":true,"off":false},"defaultVariant":"off"');
INSERT INTO item VALUES(12,2,'gone',11,NULL);
INSERT INTO item VALUES(13,0,'staging',0,'"description":"before production","fractional":"v3","metadata":{"region":"eu"}');
INSERT INTO item VALUES(14,2,'new-checkout',0,'"state":"ENABLED","variants":{"on":true,"off":false},"defaultVariant":"on"');
INSERT INTO item VALUES(15,0,'old',0,'"fractional":"v2"');
INSERT INTO item VALUES(16,2,'x',0,'"state":"ENABLED","variants":{"on":true,"off":false},"defaultVariant":"off"');
INSERT INTO item VALUES(17,0,'old',15,NULL);
INSERT INTO item VALUES(17,2,'x',16,NULL);
INSERT INTO item VALUES(18,1,'large',0,'{">=":[{"var":"seats"},500]}');
INSERT INTO item VALUES(18,2,'colour',6,'"state":"ENABLED","variants":{"red":"#f00","green":"#0f0","none":""},"defaultVariant":"green","targeting":{"fractional":[["red",50],["green",50]]},"metadata":{"team":"shop","level":3,"share":0.25,"on":true}');
INSERT INTO item VALUES(18,2,'late',0,'"state":"ENABLED","variants":{"on":true,"off":false},"defaultVariant":"off"');
INSERT INTO item VALUES(18,2,'limit',7,'"state":"ENABLED","variants":{"low":10,"high":100000},"defaultVariant":"high"');
INSERT INTO item VALUES(19,2,'limit',18,'"state":"ENABLED","variants":{"low":10,"high":100000},"defaultVariant":"low"');
INSERT INTO item VALUES(20,2,'new-checkout',10,'"state":"ENABLED","variants":{"on":true,"off":false},"defaultVariant":"on"');
CREATE TABLE newest (
	environment TEXT NOT NULL,
	kind INTEGER NOT NULL,
	key TEXT NOT NULL,
	revision INTEGER NOT NULL,
	PRIMARY KEY (environment, kind, key)
) STRICT, WITHOUT ROWID;
INSERT INTO newest VALUES('default',0,'default',1);
INSERT INTO newest VALUES('default',1,'beta',4);
INSERT INTO newest VALUES('default',1,'large',18);
INSERT INTO newest VALUES('default',1,'staff',3);
INSERT INTO newest VALUES('default',2,'colour',18);
INSERT INTO newest VALUES('default',2,'gone',12);
INSERT INTO newest VALUES('default',2,'history-v2',5);
INSERT INTO newest VALUES('default',2,'late',18);
INSERT INTO newest VALUES('default',2,'layout',9);
INSERT INTO newest VALUES('default',2,'limit',19);
INSERT INTO newest VALUES('default',2,'new-checkout',20);
INSERT INTO newest VALUES('default',2,'ratio',8);
INSERT INTO newest VALUES('old',0,'old',17);
INSERT INTO newest VALUES('old',2,'x',17);
INSERT INTO newest VALUES('staging',0,'staging',13);
INSERT INTO newest VALUES('staging',2,'new-checkout',14);
CREATE TABLE request (
	id INTEGER PRIMARY KEY,
	environment TEXT NOT NULL,
	key TEXT NOT NULL,
	fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
	revision INTEGER NOT NULL,
	verdict INTEGER NOT NULL, head INTEGER NOT NULL DEFAULT 0,
	UNIQUE (environment, key)
) STRICT;
INSERT INTO request VALUES(1,'default','make-store-1',X'4a3c3e7a0706a53c4ba06476d388f7ea44d941d9f29fd8f7d5867c9f10935ff0',2,1,2);
INSERT INTO request VALUES(2,'default','make-store-2',X'cd28294f2f0b2b5c3e9efd61c71cf03a7d2a30c8984da1dda4bec0bdcba23de3',3,1,3);
INSERT INTO request VALUES(3,'default','make-store-3',X'49816e0f96fc058acb777abff6a919b79fd27cc663659b31d5608586dc4b5449',4,1,4);
INSERT INTO request VALUES(4,'default','make-store-4',X'1d830be4829cde7e7cecaa3a746db9382e4c8317ab2e244409c39c1ae1fe488c',5,1,5);
INSERT INTO request VALUES(5,'default','make-store-5',X'674f5a784030f877f8fdd82b506fd64d83a34dc55976eae58c99c9b1470b78f8',6,1,6);
INSERT INTO request VALUES(6,'default','make-store-6',X'6f07c8db652e4881835c52c8af0bf49c9d2bab9b97a77319a1c2fe0700c72c67',7,1,7);
INSERT INTO request VALUES(7,'default','make-store-7',X'aa7ad7877eea24f1a659fe1a7d6d517dd758d332e64d08362cf8f691e806d6bc',8,1,8);
INSERT INTO request VALUES(8,'default','make-store-8',X'65ab1e513234f69c7576cc47f58ba439ef80a159fbdd49949c695d67fef7d40c',9,1,9);
INSERT INTO request VALUES(9,'default','make-store-9',X'59b344cc7397ac1122af2bdd3303a081ad07bcaf221fb31ada16deca4f7e9370',10,2,10);
INSERT INTO request VALUES(10,'default','make-store-10',X'57189b79498172cb680fcd6bb75864b4cc9dd59aa6dc68d678e64852ae591181',11,1,11);
INSERT INTO request VALUES(11,'default','make-store-11',X'7c2822dafa14b34a9d1c1d03c5348e4549363db5642a4fcc6e4dcbef3ae0a831',12,2,12);
INSERT INTO request VALUES(12,'staging','make-store-12',X'ae4edf980f2a6b7db1d596b4d7dbecd71f310aa924f1c55ff5d903f64f6ba329',13,1,13);
INSERT INTO request VALUES(13,'staging','make-store-13',X'7cc3cbe832e4b7333d731ba8d8687973e1ffdac9a8df27d631c9362c3b2c4ca0',14,1,14);
INSERT INTO request VALUES(14,'old','make-store-14',X'46e919ff121247c34c6988ec13bae2f50f94f761d2df6972fec247e424a97e44',15,1,15);
INSERT INTO request VALUES(15,'old','make-store-15',X'7e64200f47ce081d59f63c16c05b49a394d282788b048976710468b6a85610df',16,1,16);
INSERT INTO request VALUES(16,'old','make-store-16',X'7f911421ae7c22c76e4f3559fc2ebcfc630c5dccbc5b4caa2a3079a27fe17a90',17,2,17);
INSERT INTO request VALUES(17,'default','make-store-17',X'cd4f439eee68d3ff433fb2c16ef5c033e891aaa26b0b169da5b70b65c1b16835',18,2,18);
INSERT INTO request VALUES(18,'default','make-store-18',X'5994b15840b3bc3453144893796a713d2bc940440921ece6622bba3d2e4e38f3',19,2,19);
INSERT INTO request VALUES(19,'default','make-store-19',X'6d285146de0b7622e0caa65a84a513e97354f61a22d71cf690bdbb3753d5376d',20,2,20);
INSERT INTO request VALUES(20,'default','make-store-20',X'6d285146de0b7622e0caa65a84a513e97354f61a22d71cf690bdbb3753d5376d',20,3,20);
CREATE TABLE horizon (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	revision INTEGER NOT NULL,
	hash BLOB NOT NULL CHECK (length(hash) = 32),
	kind INTEGER NOT NULL,
	key TEXT NOT NULL,
	-- Count and sum over the items that are kept, up to (`kind`, `key`): see
	-- src/store/horizon.h.
	items INTEGER NOT NULL,
	sum BLOB NOT NULL CHECK (length(sum) = 32)
) STRICT;
INSERT INTO horizon VALUES(1,0,X'0000000000000000000000000000000000000000000000000000000000000000',-1,'',0,X'0000000000000000000000000000000000000000000000000000000000000000');
CREATE INDEX change_by_environment ON change (environment);
COMMIT;

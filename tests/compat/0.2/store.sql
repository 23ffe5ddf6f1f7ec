-- Written by make-store with toggled 0.2.0. Not to be changed.
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
INSERT INTO meta VALUES(1,'7b8ea0d7cb640bc7',1,'0.2.0',1767323045775);
CREATE TABLE change (
	revision INTEGER PRIMARY KEY CHECK (revision > 0),
	environment TEXT NOT NULL,
	at INTEGER NOT NULL, -- milliseconds since 1970 UTC, never falling
	actor TEXT NOT NULL,
	comment TEXT NOT NULL,
	hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
INSERT INTO change VALUES(1,'default',1767323045848,'toggled','the environment that always exists',X'fe9eaaaedab5bcc041da124216c3e7bacfa5a260757ef858f55b88137b29a9ba');
INSERT INTO change VALUES(2,'default',1767323045969,'anonymous','the first one',X'f40da4bf4c5b19e54ffe515f7e4eaac89eded72fb8aa5911fd043c899d1dba67');
INSERT INTO change VALUES(3,'default',1767323046044,'anonymous','',X'7e0964337626e0041c528a6d24d48aff9e58e4421dc6a83b5255f3c77fa2877b');
INSERT INTO change VALUES(4,'default',1767323046092,'anonymous','',X'e53bd1933484d91984081d85236a6f6f62417a1fed39ec75a01af7c146884013');
INSERT INTO change VALUES(5,'default',1767323046182,'anonymous','',X'31748ce3c4a0e4a3e3bff9c367514800fe0e281ed3dbf82a8de5ef81df78e9dc');
INSERT INTO change VALUES(6,'default',1767323046229,'anonymous','',X'6bf3454e2d8ce1fa0e012f3060c5859636a115cbbe192a96d129109e2f605d5d');
INSERT INTO change VALUES(7,'default',1767323046295,'anonymous','Größe, «quoted» "and" \ more',X'6f6684d516676299f7be0a7682fb66d957e420b97e5e7a036ef16c84054a2b61');
INSERT INTO change VALUES(8,'default',1767323046447,'anonymous','',X'17af6b6421e4d88c6bf21560e3754a569e762b84f9088fd96a3c9e53d9a6d1bb');
INSERT INTO change VALUES(9,'default',1767323046536,'anonymous','',X'eef8f29526e17daa8aca6c8841d6843495396fba3743b37bf7c37022b918f023');
INSERT INTO change VALUES(10,'default',1767323046626,'anonymous','it hurts',X'0ed8b20b45b702d7d9666c780187ede54b018d2302fc4824c674c11a5ffa5d8a');
INSERT INTO change VALUES(11,'default',1767323046723,'anonymous','',X'd7d2cde9b907607f9d88ab41e8a083ebf744e2d3e3f889289792d0912796d7c5');
INSERT INTO change VALUES(12,'default',1767323046829,'anonymous','nobody needs it',X'5fb7f422899adb508e27465fb9df3e2fd31b42396b177e029120012c0aa39306');
INSERT INTO change VALUES(13,'staging',1767323046929,'anonymous','',X'6248fdce3c788e875e7e5487619ab76df6d07b2af86c529a3e01bb419bbddba5');
INSERT INTO change VALUES(14,'staging',1767323047040,'anonymous','',X'88b5f785926bb195c1d44f37fa15067aca734afdce19eac78ead04f32283c314');
INSERT INTO change VALUES(15,'old',1767323047137,'anonymous','',X'c45ca4729d56fba2be0837f84ba78478ec272a54b852f8746d59cbba1be5757f');
INSERT INTO change VALUES(16,'old',1767323047236,'anonymous','',X'9c4e15b1d79e5e3465fd91a2220abf59c57d41d9ccff06430c3c430440c162bd');
INSERT INTO change VALUES(17,'old',1767323047341,'anonymous','',X'062eb945aeeb7d86ab03ef63e3fd2594137c028eb0d10d2320bae36b9b6c8e0c');
INSERT INTO change VALUES(18,'default',1767323047413,'anonymous','several at once',X'5a5b282bf9956093447a7c35a49407f702bae12c9cbf4f0aa6f2c64dcf6fcecd');
INSERT INTO change VALUES(19,'default',1767323047486,'anonymous','too much',X'91eb33b23c283621e85f02c79ce17c3c7d9da0d542c11ce537b1e5a727bb6210');
INSERT INTO change VALUES(20,'default',1767323047564,'anonymous','works',X'5fb7b79d65da340178a2fb8479330e07ad30ed734fb80ad2dd9060f5b0149aa5');
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

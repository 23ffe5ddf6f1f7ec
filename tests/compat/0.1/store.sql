-- Written by make-store with toggled 0.1.0. Not to be changed.
PRAGMA application_id = 1952935012;
PRAGMA user_version = 1;
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
INSERT INTO meta VALUES(1,'4af6e66765895da5',1,'0.1.0',1767323045233);
CREATE TABLE change (
	revision INTEGER PRIMARY KEY CHECK (revision > 0),
	environment TEXT NOT NULL,
	at INTEGER NOT NULL, -- milliseconds since 1970 UTC, never falling
	actor TEXT NOT NULL,
	comment TEXT NOT NULL,
	hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
INSERT INTO change VALUES(1,'default',1767323045255,'toggled','the environment that always exists',X'ededbeb89791fb0c56eb0aa209503fc8d3c5484e53b712c35d017d6cc92a2e33');
INSERT INTO change VALUES(2,'default',1767323045291,'anonymous','the first one',X'86d472eeb7c7ba2e8d3bf27424a747ec553994441198253980f25dd830b4a091');
INSERT INTO change VALUES(3,'default',1767323045383,'anonymous','',X'9251320bd9c838ea06da554a0f36f858c0dde82d58a4454d0256f3974a642ba8');
INSERT INTO change VALUES(4,'default',1767323045406,'anonymous','',X'be4f71896dc70c93718f89faa7326a6e814a1ab19da9465161b59e0ba679fed8');
INSERT INTO change VALUES(5,'default',1767323045430,'anonymous','',X'bc064db02a6fe9d4cef633ad2f647fa62e0d937629db9bfcbe5c8835676b3bab');
INSERT INTO change VALUES(6,'default',1767323045468,'anonymous','',X'02e7589567c21fa024a67331e067502c16077d3f5f177234a5ddfac1ab08f5fc');
INSERT INTO change VALUES(7,'default',1767323045497,'anonymous','Größe, «quoted» "and" \ more',X'0f947747c342a0114a1f17d6eb283b479f06e0c21015d3a062bdea16f6174d1f');
INSERT INTO change VALUES(8,'default',1767323045543,'anonymous','',X'b951fe40b56c1d8de1d212f94e06ab291b9950070b58e664337b5065d6ae51ac');
INSERT INTO change VALUES(9,'default',1767323045565,'anonymous','',X'52fdbb227437c05950bd2bc110cceec8a01fac1899e2c8aef814ba7855e66faf');
INSERT INTO change VALUES(10,'default',1767323045586,'anonymous','it hurts',X'4d846d5c647479c75a856a2408b20da0f99f03819b1ff694cd1a51414d4b5553');
INSERT INTO change VALUES(11,'default',1767323045606,'anonymous','',X'44df58538b5a48663c52fbb8eb7fb3277b1e0b60260011cea95cb444101612cc');
INSERT INTO change VALUES(12,'default',1767323045627,'anonymous','nobody needs it',X'dd51d4c5c33b75bb9f4501780ac4f0626f38a8e10e247146633e38e79eae36d7');
INSERT INTO change VALUES(13,'staging',1767323045647,'anonymous','',X'1ec1e23a972f186eb947f69d2e633260707ab371c9e9f57993fd3196adeea957');
INSERT INTO change VALUES(14,'staging',1767323045662,'anonymous','',X'18d4fae42c4aa5447bd3168b18d7249ff3563c4a43fe445cb7fe94723dbcce75');
INSERT INTO change VALUES(15,'old',1767323045688,'anonymous','',X'4ab5e1042fce39e64a46697403f0b53adc84c58d668dd6f70386ec177d215f17');
INSERT INTO change VALUES(16,'old',1767323045707,'anonymous','',X'bd74df9a1126d8c538407894cba89a9a9ae35f330e4c62fdacc4b365cdd3a982');
INSERT INTO change VALUES(17,'old',1767323045742,'anonymous','',X'03135615350d325792c5ad725daf433349aada79bd0294ff482642c438609519');
INSERT INTO change VALUES(18,'default',1767323045768,'anonymous','several at once',X'29bb8a3f8081ee570afc2c7b41ae2952cc01b14404c98d730374aa46e47d0121');
INSERT INTO change VALUES(19,'default',1767323045797,'anonymous','too much',X'20a5dcb7c3ff6a1385d686be4db4de6409770c36ce6ac914bfcf3f9ad30cbf80');
INSERT INTO change VALUES(20,'default',1767323045839,'anonymous','works',X'e4a0ede918983e0245b74b5e484cde00f40c5cc4bfbedd1cac68fecde785412b');
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
	verdict INTEGER NOT NULL,
	UNIQUE (environment, key)
) STRICT;
INSERT INTO request VALUES(1,'default','make-store-1',X'4a3c3e7a0706a53c4ba06476d388f7ea44d941d9f29fd8f7d5867c9f10935ff0',2,1);
INSERT INTO request VALUES(2,'default','make-store-2',X'cd28294f2f0b2b5c3e9efd61c71cf03a7d2a30c8984da1dda4bec0bdcba23de3',3,1);
INSERT INTO request VALUES(3,'default','make-store-3',X'49816e0f96fc058acb777abff6a919b79fd27cc663659b31d5608586dc4b5449',4,1);
INSERT INTO request VALUES(4,'default','make-store-4',X'1d830be4829cde7e7cecaa3a746db9382e4c8317ab2e244409c39c1ae1fe488c',5,1);
INSERT INTO request VALUES(5,'default','make-store-5',X'674f5a784030f877f8fdd82b506fd64d83a34dc55976eae58c99c9b1470b78f8',6,1);
INSERT INTO request VALUES(6,'default','make-store-6',X'6f07c8db652e4881835c52c8af0bf49c9d2bab9b97a77319a1c2fe0700c72c67',7,1);
INSERT INTO request VALUES(7,'default','make-store-7',X'aa7ad7877eea24f1a659fe1a7d6d517dd758d332e64d08362cf8f691e806d6bc',8,1);
INSERT INTO request VALUES(8,'default','make-store-8',X'65ab1e513234f69c7576cc47f58ba439ef80a159fbdd49949c695d67fef7d40c',9,1);
INSERT INTO request VALUES(9,'default','make-store-9',X'59b344cc7397ac1122af2bdd3303a081ad07bcaf221fb31ada16deca4f7e9370',10,2);
INSERT INTO request VALUES(10,'default','make-store-10',X'57189b79498172cb680fcd6bb75864b4cc9dd59aa6dc68d678e64852ae591181',11,1);
INSERT INTO request VALUES(11,'default','make-store-11',X'7c2822dafa14b34a9d1c1d03c5348e4549363db5642a4fcc6e4dcbef3ae0a831',12,2);
INSERT INTO request VALUES(12,'staging','make-store-12',X'ae4edf980f2a6b7db1d596b4d7dbecd71f310aa924f1c55ff5d903f64f6ba329',13,1);
INSERT INTO request VALUES(13,'staging','make-store-13',X'7cc3cbe832e4b7333d731ba8d8687973e1ffdac9a8df27d631c9362c3b2c4ca0',14,1);
INSERT INTO request VALUES(14,'old','make-store-14',X'46e919ff121247c34c6988ec13bae2f50f94f761d2df6972fec247e424a97e44',15,1);
INSERT INTO request VALUES(15,'old','make-store-15',X'7e64200f47ce081d59f63c16c05b49a394d282788b048976710468b6a85610df',16,1);
INSERT INTO request VALUES(16,'old','make-store-16',X'7f911421ae7c22c76e4f3559fc2ebcfc630c5dccbc5b4caa2a3079a27fe17a90',17,2);
INSERT INTO request VALUES(17,'default','make-store-17',X'cd4f439eee68d3ff433fb2c16ef5c033e891aaa26b0b169da5b70b65c1b16835',18,2);
INSERT INTO request VALUES(18,'default','make-store-18',X'5994b15840b3bc3453144893796a713d2bc940440921ece6622bba3d2e4e38f3',19,2);
INSERT INTO request VALUES(19,'default','make-store-19',X'6d285146de0b7622e0caa65a84a513e97354f61a22d71cf690bdbb3753d5376d',20,2);
INSERT INTO request VALUES(20,'default','make-store-20',X'6d285146de0b7622e0caa65a84a513e97354f61a22d71cf690bdbb3753d5376d',20,3);
CREATE INDEX change_by_environment ON change (environment);
COMMIT;

"""Makes the objects that the rig promises, through the services' own APIs.

    bootstrap.py identity     users, projects, services, endpoints
    bootstrap.py resources    flavors, image, networks, application credential

Both may run again at any time: what is there already is left as it is. What is
looked for is asked for by name, so that small pages do no harm. Settings come
from the environment (see services.sh).
"""
import os
import secrets
import sys
import time

import requests

ENV = os.environ
HTTP = requests.Session()
HTTP.trust_env = False  # no proxy on the way to loopback
AUTH_URL = ENV['RIG_AUTH_URL']
REGION = ENV['RIG_REGION']
IMAGE_BYTES = 64 * 1024
FLAVORS = [
    # name, id, MiB of memory, GiB of disk, CPUs
    ('m1.nano', '42', 128, 1, 1),
    ('m1.tiny', '1', 512, 1, 1),
    ('m1.small', '2', 2048, 20, 1),
    ('m1.medium', '3', 4096, 40, 2),
    ('m1.large', '4', 8192, 80, 4),
]
# Ranges that are reserved: for documentation, for benchmarks, for private use.
PUBLIC_RANGES = [
    ('public-subnet', '203.0.113.0/24'),
    ('public-subnet-more', '198.18.4.0/22'),
]
PRIVATE_RANGE = '10.0.0.0/20'


class Api:
    """A service as one user in one project sees it."""

    def __init__(self, user, password, project):
        body = {'auth': {
            'identity': {'methods': ['password'], 'password': {'user': {
                'name': user, 'password': password,
                'domain': {'id': 'default'}}}},
            'scope': {'project': {'name': project,
                                  'domain': {'id': 'default'}}}}}
        answer = HTTP.post(AUTH_URL + '/auth/tokens', json=body, timeout=60)
        answer.raise_for_status()
        self.token = answer.headers['X-Subject-Token']
        self.user_id = answer.json()['token']['user']['id']

    def call(self, method, url, body=None, missing_ok=False, **kwargs):
        headers = {'X-Auth-Token': self.token, **kwargs.pop('headers', {})}
        answer = HTTP.request(method, url, json=body, headers=headers,
                              timeout=120, **kwargs)
        if missing_ok and answer.status_code == 404:
            return None
        if not answer.ok:
            sys.exit('%s %s: %s %s' % (method, url, answer.status_code,
                                       answer.text[:300]))
        return answer.json() if answer.content else None

    def ensure(self, url, kind, name, collection=None, query=None, **fields):
        """The object of that name at url, made if it is not there."""
        collection = collection or url.rsplit('/', 1)[-1]
        found = self.call('GET', url, params={'name': name, **(query or {})})
        if found[collection]:
            return found[collection][0]
        return self.call('POST', url, {kind: {'name': name, **fields}})[kind]


def admin():
    return Api('admin', ENV['RIG_ADMIN_PASSWORD'], 'admin')


def identity():
    api = admin()

    def role(name):
        return api.ensure(AUTH_URL + '/roles', 'role', name)['id']

    def project(name):
        return api.ensure(AUTH_URL + '/projects', 'project', name,
                          query={'domain_id': 'default'},
                          domain_id='default')['id']

    def user(name, password, domain='default'):
        return api.ensure(AUTH_URL + '/users', 'user', name,
                          query={'domain_id': domain},
                          domain_id=domain, password=password)['id']

    def grant(scope, scope_id, user_id, role_name):
        api.call('PUT', '%s/%s/%s/users/%s/roles/%s' % (
            AUTH_URL, scope, scope_id, user_id, role(role_name)))

    service_project, demo_project = project('service'), project('demo')
    for name, kind, url in service_catalog():
        user_id = user(name, ENV['RIG_SERVICE_PASSWORD'])
        for role_name in ('admin', 'service'):
            grant('projects', service_project, user_id, role_name)
        service = api.ensure(AUTH_URL + '/services', 'service', name,
                             type=kind)['id']
        endpoints = api.call('GET', AUTH_URL + '/endpoints',
                             params={'service_id': service})['endpoints']
        for interface in ('public', 'internal', 'admin'):
            if interface not in [e['interface'] for e in endpoints]:
                api.call('POST', AUTH_URL + '/endpoints', {'endpoint': {
                    'service_id': service, 'interface': interface,
                    'url': url, 'region_id': REGION}})
    demo = user('demo', ENV['RIG_DEMO_PASSWORD'])
    for role_name in ('member', 'reader'):
        grant('projects', demo_project, demo, role_name)
    grant('projects', demo_project, api.user_id, 'admin')
    if ENV['RIG_HEAT'] == '1':
        role('heat_stack_user')
        heat = api.ensure(AUTH_URL + '/domains', 'domain', 'heat')['id']
        stack_admin = user('heat_domain_admin', ENV['RIG_SERVICE_PASSWORD'],
                           heat)
        grant('domains', heat, stack_admin, 'admin')


def service_catalog():
    def url(name, path=''):
        return 'http://127.0.0.1:%s%s' % (ENV['RIG_PORT_' + name], path)

    yield 'glance', 'image', url('GLANCE')
    yield 'placement', 'placement', url('PLACEMENT')
    yield 'nova', 'compute', url('NOVA', '/v2.1')
    yield 'neutron', 'network', url('NEUTRON')
    if ENV['RIG_CINDER'] == '1':
        yield 'cinder', 'block-storage', url('CINDER', '/v3')
    if ENV['RIG_HEAT'] == '1':
        yield 'heat', 'orchestration', url('HEAT', '/v1/%(project_id)s')


def resources():
    api = admin()
    urls = {name: url for name, _kind, url in service_catalog()}
    demo = api.call('GET', AUTH_URL + '/projects', params={
        'name': 'demo', 'domain_id': 'default'})['projects'][0]['id']
    flavors(api, urls['nova'])
    image(api, urls['glance'] + '/v2/images')
    networks(api, urls['neutron'] + '/v2.0', demo)
    application_credential()


def flavors(api, nova):
    for name, flavor_id, memory, disk, cpus in FLAVORS:
        if api.call('GET', nova + '/flavors/' + flavor_id,
                    missing_ok=True) is None:
            api.call('POST', nova + '/flavors', {'flavor': {
                'name': name, 'id': flavor_id, 'ram': memory, 'disk': disk,
                'vcpus': cpus}})


def image(api, url):
    found = api.call('GET', url, params={'name': 'cirros-rig'})['images']
    made = found[0] if found else api.call('POST', url, {
        'name': 'cirros-rig', 'disk_format': 'raw', 'container_format': 'bare',
        'visibility': 'public', 'min_disk': 0, 'min_ram': 0})
    if made['status'] == 'queued':
        api.call('PUT', '%s/%s/file' % (url, made['id']),
                 data=b'\0' * IMAGE_BYTES,
                 headers={'Content-Type': 'application/octet-stream'})
    end = time.monotonic() + 60
    while api.call('GET', url + '/' + made['id'])['status'] != 'active':
        if time.monotonic() > end:
            sys.exit('the image is not active after 60 s')
        time.sleep(0.2)


def networks(api, url, demo):
    public = api.ensure(url + '/networks', 'network', 'public', **{
        'router:external': True,
        'provider:network_type': 'flat',
        'provider:physical_network': 'public'})['id']
    for name, cidr in PUBLIC_RANGES:
        api.ensure(url + '/subnets', 'subnet', name, network_id=public,
                   ip_version=4, cidr=cidr, enable_dhcp=False)
    mine = {'query': {'project_id': demo}, 'project_id': demo}
    private = api.ensure(url + '/networks', 'network', 'private',
                         **mine)['id']
    subnet = api.ensure(url + '/subnets', 'subnet', 'private-subnet',
                        network_id=private, ip_version=4, cidr=PRIVATE_RANGE,
                        **mine)['id']
    router = api.ensure(url + '/routers', 'router', 'router1',
                        external_gateway_info={'network_id': public},
                        **mine)['id']
    joined = api.call('GET', url + '/ports', params={
        'device_id': router, 'device_owner': 'network:router_interface'})
    if not joined['ports']:
        api.call('PUT', '%s/routers/%s/add_router_interface' % (url, router),
                 {'subnet_id': subnet})
    # listing them makes the project's default group
    api.call('GET', url + '/security-groups', params={'project_id': demo})


def application_credential():
    """Its secret can never be asked for again: it is kept in a file."""
    path = ENV['RIG_APPCRED_FILE']
    api = Api('demo', ENV['RIG_DEMO_PASSWORD'], 'demo')
    url = '%s/users/%s/application_credentials' % (AUTH_URL, api.user_id)
    found = api.call('GET', url, params={'name': 'rig'})
    found = found['application_credentials']
    if found and os.path.exists(path):
        return
    for old in found:
        api.call('DELETE', url + '/' + old['id'])
    secret = secrets.token_urlsafe(32)
    made = api.call('POST', url, {'application_credential': {
        'name': 'rig', 'secret': secret}})['application_credential']
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, 'w') as file:
        file.write('APPCRED_ID=%s\nAPPCRED_SECRET=%s\n' % (made['id'], secret))


{'identity': identity, 'resources': resources}[sys.argv[1]]()
